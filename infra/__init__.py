"""Where Sotto runs: the laptop cloud as code (`infra.local`), the other homes as manifests."""
