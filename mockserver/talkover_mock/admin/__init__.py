"""The harness's routes: every module here has `register(admin)`, which declares its routes."""
