"""Generated archives; events put into real noise."""
