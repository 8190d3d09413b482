"""The documented endpoints, one family a module: each declares its routes with `register(api)` and shapes answers."""
