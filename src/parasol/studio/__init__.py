"""`parasol studio`: every dial in the browser and over HTTP. Only `server` knows of FastAPI."""
