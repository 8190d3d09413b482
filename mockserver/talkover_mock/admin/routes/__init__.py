"""The admin routes, one subject a module: each declares its routes with `register(admin)` and checks their input."""
