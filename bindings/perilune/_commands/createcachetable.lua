-- SPDX-License-Identifier: MIT
-- perilune createcachetable: the tables of caches with the backend "database", as Django
-- makes them.
local caches = require "perilune._caches"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local router = require "perilune._db_router"

local MOMENT = { sqlite = "datetime", postgresql = "timestamp with time zone" }

local function quoted(name)
  return '"' .. name:gsub('"', '""') .. '"'
end

local function statements(vendor, name)
  return {
    ([[CREATE TABLE %s (
    "cache_key" varchar(255) NOT NULL PRIMARY KEY,
    "value" text NOT NULL,
    "expires" %s NOT NULL
)]]):format(quoted(name), MOMENT[vendor] or MOMENT.postgresql),
    ('CREATE INDEX %s ON %s ("expires")'):format(quoted(name .. "_expires"), quoted(name)),
  }
end

local function exists(connection, name)
  if connection.vendor == "sqlite" then
    return connection:query("SELECT 1 AS one FROM sqlite_master WHERE name = ?", { name })[1] ~= nil
  end
  return connection:query("SELECT 1 AS one FROM information_schema.tables WHERE table_schema = ANY (current_schemas(false)) AND table_name = ?", { name })[1] ~= nil
end

local function create(connection, name, options, command)
  if not router.allow_migrate(connection.alias, "django_cache", { model_name = "cacheentry", model = caches.cache_entry(name) }) then
    return
  end
  if exists(connection, name) then
    if options.verbosity > 0 then
      command:write(("Cache table '%s' already exists."):format(name))
    end
    return
  end
  local list = statements(connection.vendor, name)
  if options.dry_run then
    for _, sql in ipairs(list) do
      command:write(sql .. ";")
    end
    return
  end
  connection:atomic(function()
    for _, sql in ipairs(list) do
      connection:execute((sql:gsub("%?", "??")))
    end
  end)
  if options.verbosity > 0 then
    command:write(command.style.success(("Cache table '%s' created."):format(name)))
  end
end

return {
  _statements = statements,
  help = "create the tables of database caches",
  description = "Creates the table of every cache in settings.caches whose backend is \"database\", or those that are named.",
  requires = "project",
  arguments = {
    { "tables", nargs = "*", metavar = "TABLE", help = "names of tables, instead of those of the setting" },
    { "--database", default = "default", help = "the alias of the database" },
    { "--dry-run", flag = true, help = "print the SQL and run nothing" },
  },
  handle = function(options, command)
    local names = options.tables
    if #names == 0 then
      names = caches.tables()
    end
    if #names == 0 then
      error(exceptions.CommandError "no cache of settings.caches has the backend \"database\"; name a table to make it all the same", 0)
    end
    local connection = db.connection(options.database)
    for _, name in ipairs(names) do
      create(connection, name, options, command)
    end
  end,
}
