"""The page at `/__admin/`: its contents, buttons, signature checks and curl commands; no operation lives only here."""
