-- SPDX-License-Identifier: MIT
-- `perilune serve` is the engine's (engine/cli/serve.c); here is what help says about it.
return {
  _native = true,
  help = "serve the project in production: a master and its workers",
  description = "Serves the project. Signals of the master: HUP loads the code anew without dropping a request,\n"
    .. "TERM lets what runs end and stops, USR1 reopens the log files. `perilune DIR` does the same for\n"
    .. "the project in DIR.",
  arguments = {
    { "--bind", multiple = true, metavar = "ADDR:PORT|unix:PATH", help = "where to listen, as often as needed; else settings.bind (127.0.0.1:8000)" },
    { "--workers", type = "int", metavar = "N", help = "worker processes; else settings.workers (one for each CPU)" },
  },
}
