"""The server: webhooks, media streams, health, and Hypercorn guarded around them."""
