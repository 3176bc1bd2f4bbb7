"""What every request and answer passes through: server workers, authorization, headers, bodies, errors, uploads."""
