"""What stands around the routes: middleware as functions, compression, the checks of CORS."""
