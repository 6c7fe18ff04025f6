"""Record and wanted fidelity -> a plan of steps with reasons; pure."""
