"""What every request and answer passes through: server workers, headers, bodies, errors, uploads, downloads."""
