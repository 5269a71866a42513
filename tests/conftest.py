"""What all tests share. The notebook run loads this file as a plugin (-p tests.conftest)."""

# Not compared between a committed notebook and its new run: progress bars, warnings, and pictures of all kinds.
NOT_COMPARED = ("stderr", "text/html", "application/javascript", "image/svg+xml")


def pytest_collectstart(collector):
    """Tell nbval which outputs differ from run to run by nature."""
    if collector.__class__.__name__ == "IPyNbFile":
        collector.skip_compare += NOT_COMPARED
