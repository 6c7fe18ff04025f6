"""What makes conda environments and installs Python packages, each behind one protocol.

Here alone are processes started (``engines.run``).
"""
