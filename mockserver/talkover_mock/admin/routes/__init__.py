"""The admin routes: every module has `register(admin)`, which declares its routes."""
