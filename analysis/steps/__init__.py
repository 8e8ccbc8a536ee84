"""The steps of the pipelines, one module each; `analysis.pipelines` lists them."""
