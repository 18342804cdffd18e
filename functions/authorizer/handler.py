"""Who is calling? Runs before every protected route: token or key in, principal and scopes out."""

from sotto.entry.authorizer import make_authorizer

handler = make_authorizer()
