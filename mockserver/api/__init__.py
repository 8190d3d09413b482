"""The families of the API: every module here has `register(api)`, which declares its routes."""
