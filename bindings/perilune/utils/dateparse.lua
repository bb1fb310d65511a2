-- SPDX-License-Identifier: MIT
-- Texts to dates and times, as django.utils.dateparse: nil when the text has another
-- form, ValueError when the form is right and the value impossible ("2026-02-30").
local time = require "perilune.time"

return {
  parse_date = time.parse_date,
  parse_time = time.parse_time,
  parse_datetime = time.parse_datetime,
  parse_duration = time.parse_duration,
}
