"""What several tests share: conversations in every wire, sample texts, and a driver for ASGI apps."""
