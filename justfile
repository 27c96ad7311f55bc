# Every check that a change must pass.
ready:
    npm test

# The Rust core alone, without Node.
core:
    cargo test
