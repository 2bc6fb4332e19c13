"""One file per page; a page places what views and text return."""
