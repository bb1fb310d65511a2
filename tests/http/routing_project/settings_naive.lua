-- SPDX-License-Identifier: MIT
-- The same without time zones.
local here = debug.getinfo(1, "S").source:match "^@(.*/)" or ""
local settings = dofile(here .. "settings.lua")
settings.use_tz = false
return settings
