-- SPDX-License-Identifier: MIT
-- `perilune runserver` is the engine's (engine/cli/serve.c); here is what help says about it.
return {
  _native = true,
  help = "serve the project while it is being written",
  description = "One worker, which loads the code anew when a file changes (and keeps the old code when the new\n"
    .. "does not load), shows errors and prints every request.",
  arguments = {
    { "address", nargs = "?", metavar = "ADDR:PORT", help = "where to listen; 127.0.0.1:8000 when it is left out" },
  },
}
