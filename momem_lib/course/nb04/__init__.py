"""What only notebook 04 needs."""

from momem_lib.course.nb04.plots import draw_chain, plot_errors, plot_paths
