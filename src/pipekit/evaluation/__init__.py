"""What is measured when a workflow is run over inputs with known answers. The workflow brings its own scorer."""
