"""`headroom demo`: an offline provider, agent conversations made on this machine, and the proof of what is sent."""
