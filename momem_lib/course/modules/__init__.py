"""What notebooks 07, 09 and 10 share: a module trained live, judged, looked into."""
