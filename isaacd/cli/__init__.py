"""The command line as a view of the catalog: parsing, help, rendering and completion, in the warm daemon."""
