"""What `import botbench` offers: one file an object, on what the commands use."""
