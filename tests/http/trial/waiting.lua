-- SPDX-License-Identifier: MIT
-- A module that waits while it is loaded.
require("perilune.fiber").sleep(0.02)
return { text = "loaded" }
