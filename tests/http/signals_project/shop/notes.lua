-- SPDX-License-Identifier: MIT
-- What happens, into the log, where the test reads it.
return {
  add = function(text)
    io.stderr:write("note: ", text, "\n")
    io.stderr:flush()
  end,
}
