"""How the annotation goes: status, feedback and their pages."""
