-- SPDX-License-Identifier: MIT
-- The same rows with use_tz (settings.lua) and without (settings_naive.lua); the zone is
-- Europe/Berlin.
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"
local settings = require "perilune.settings"
local time = require "perilune.time"
local Event = require("shop.models").Event
local use_tz = settings.use_tz

local function equal(want, got, what)
  if want ~= got then
    error(("use_tz = %s: %s: want %s, got %s"):format(tostring(use_tz), what or "", tostring(want), tostring(got)), 2)
  end
end

local function stored(event)
  return db.query("SELECT CAST(at AS text) AS at FROM shop_event WHERE id = ?", { event.pk })[1].at
end

Event.objects:all():delete()
local noon = time.datetime(2024, 1, 31, 23, 30)
local event = Event.objects:create { at = noon, day = time.date(2024, 1, 31), clock = time.time(23, 30) }
equal(use_tz and "2024-01-31 22:30:00" or "2024-01-31 23:30:00", stored(event), "stored")
local read = Event.objects:get { pk = event.pk }
equal(use_tz, time.is_aware(read.at), "what is read is aware")
equal(use_tz and "2024-01-31T22:30:00+00:00" or "2024-01-31T23:30:00", tostring(read.at), "read")
equal(use_tz, time.is_aware(read.made), "auto_now_add is aware")
local clock = use_tz and time.localtime(read.made) or read.made
local now = time.localtime(time.now())
equal(now.hour * 60 + now.minute - (now.hour * 60 + now.minute - clock.hour * 60 - clock.minute) % 1440, clock.hour * 60 + clock.minute, "auto_now_add")
equal("2024-01-31", tostring(read.day))
equal("23:30:00", tostring(read.clock))

-- values, annotations, aggregates
for what, value in pairs {
  values = Event.objects:values("at")[1].at,
  flat = Event.objects:values_list("at", { flat = true })[1],
  annotate = Event.objects:annotate({ m = models.F "at" })[1].m,
  aggregate = Event.objects:aggregate({ m = models.Max "at" }).m,
  refresh = event:refresh_from_db() or event.at,
  later = Event.objects:annotate({ m = models.ExpressionWrapper(models.F "at" + time.timedelta { hours = 1 }, { output_field = models.DateTimeField {} }) })[1].m,
} do
  equal(use_tz, time.is_aware(value), what)
end
local day = Event.objects:datetimes("at", "day")[1]
equal("2024-01-31T00:00:00", tostring(use_tz and time.make_naive(day, "Europe/Berlin") or day), "datetimes")
equal("2024-01-31", tostring(Event.objects:dates("at", "day")[1]), "dates")

local function clock_of(moment)
  return tostring(use_tz and time.make_naive(moment, "Europe/Berlin") or moment)
end
local trunc = Event.objects:annotate({ d = models.functions.TruncDay "at", h = models.functions.TruncHour "at", utc = models.functions.TruncDay("at", { tzinfo = use_tz and "UTC" or nil }) })[1]
equal("2024-01-31T00:00:00", clock_of(trunc.d), "TruncDay")
equal("2024-01-31T23:00:00", clock_of(trunc.h), "TruncHour")
equal(use_tz and "2024-01-31T01:00:00" or "2024-01-31T00:00:00", clock_of(trunc.utc), "TruncDay in UTC")
equal(1, Event.objects:annotate({ d = models.functions.TruncDay "at" }):filter({ d = time.datetime(2024, 1, 31) }):count(), "compared")
equal(31, Event.objects:annotate({ d = models.functions.ExtractDay(models.functions.TruncDay "at") })[1].d, "nested")

-- conditions: in the zone of the project
equal(1, Event.objects:filter({ at = noon }):count(), "exact")
equal(1, Event.objects:filter({ at = "2024-01-31 23:30" }):count(), "text")
equal(1, Event.objects:filter({ at__date = time.date(2024, 1, 31) }):count(), "date")
equal(1, Event.objects:filter({ at__hour = 23 }):count(), "hour")
equal(1, Event.objects:filter({ at__year = 2024, at__month = 1, at__day = 31 }):count(), "parts")
equal(1, Event.objects:filter({ at__range = { time.datetime(2024, 1, 31, 23), time.datetime(2024, 2, 1) } }):count(), "range")
Event.objects:create { at = time.datetime(2023, 12, 31, 23, 59, 59) }
equal(1, Event.objects:filter({ at__year = 2023 }):count(), "year")
equal(2, Event.objects:filter({ at__year__gte = 2023 }):count(), "years")

-- moments with a zone
local aware = time.datetime { year = 2024, month = 6, day = 1, hour = 12, tz = "UTC" }
local function write()
  return Event.objects:create { at = aware }
end
if use_tz then
  equal("2024-06-01 12:00:00", stored(write()), "aware")
else
  for _, fn in ipairs { write, function() event.at = aware; event:save() end, function() Event.objects:update { at = aware } end,
    function() Event.objects:bulk_create { Event { at = aware } } end, function() event.at = aware; Event.objects:bulk_update({ event }, { "at" }) end,
    function() Event.objects:filter({ at = aware }):count() end } do
    local ok, err = pcall(fn)
    assert(not ok and exceptions.is(err, "ValueError") and tostring(err):find("timezone-aware", 1, true), tostring(err))
  end
end
local fresh = Event { at = "2024-02-03" }
fresh:full_clean()
fresh:save()
equal(use_tz and "2024-02-02 23:00:00" or "2024-02-03 00:00:00", stored(fresh), "a date")
Event.objects:bulk_update(Event.objects:all():to_list(), { "at", "made" })
equal(use_tz and "2024-01-31 22:30:00" or "2024-01-31 23:30:00", stored(event), "written again")
print "ok"
