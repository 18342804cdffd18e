"""The web app's host on AWS (section 8 of template.yaml)."""
