-- SPDX-License-Identifier: MIT
-- The table django_migrations: which migrations a database has, in Django's layout.
local time = require "perilune.time"

local Recorder = {}
Recorder.__index = Recorder

local CREATE = 'CREATE TABLE IF NOT EXISTS "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL)'

local function new(connection)
  return setmetatable({ connection = connection }, Recorder)
end

function Recorder:has_table()
  return #self.connection:query "SELECT 1 AS one FROM sqlite_master WHERE type = 'table' AND name = 'django_migrations'" > 0
end

function Recorder:ensure_table()
  if not self:has_table() then
    self.connection:execute(CREATE)
  end
end

--- A map from "app.name" to when it was applied.
function Recorder:applied()
  local set = {}
  if self:has_table() then
    for row in self.connection:query 'SELECT "app", "name", "applied" FROM "django_migrations" ORDER BY "id"' do
      set[row.app .. "." .. row.name] = row.applied or true
    end
  end
  return set
end

function Recorder:record_applied(app, name)
  self:ensure_table()
  self.connection:execute('INSERT INTO "django_migrations" ("app", "name", "applied") VALUES (?, ?, ?)', { app, name, time.now() })
end

function Recorder:record_unapplied(app, name)
  self:ensure_table()
  self.connection:execute('DELETE FROM "django_migrations" WHERE "app" = ? AND "name" = ?', { app, name })
end

return { new = new }
