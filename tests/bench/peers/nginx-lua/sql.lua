-- SPDX-License-Identifier: MIT
-- sqlite3 through LuaJIT's FFI: statements are prepared once, bound and stepped for each query.
local ffi = require "ffi"

ffi.cdef [[
typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
int sqlite3_open_v2(const char *file, sqlite3 **db, int flags, const char *vfs);
int sqlite3_exec(sqlite3 *db, const char *sql, void *call, void *data, char **err);
int sqlite3_prepare_v2(sqlite3 *db, const char *sql, int n, sqlite3_stmt **st, const char **tail);
int sqlite3_bind_int(sqlite3_stmt *st, int i, int value);
int sqlite3_step(sqlite3_stmt *st);
int sqlite3_reset(sqlite3_stmt *st);
int sqlite3_column_int(sqlite3_stmt *st, int i);
int sqlite3_column_bytes(sqlite3_stmt *st, int i);
const unsigned char *sqlite3_column_text(sqlite3_stmt *st, int i);
const char *sqlite3_errmsg(sqlite3 *db);
]]

local lib = ffi.load "libsqlite3.so.0"
local ROW, DONE = 100, 101
local READWRITE, NOMUTEX = 0x2, 0x8000

local M = {}
local handle
local read_world, write_world, read_fortunes, begin, commit

local function must(good)
  if not good then
    error(ffi.string(lib.sqlite3_errmsg(handle)), 2)
  end
end

local function prepare(text)
  local st = ffi.new "sqlite3_stmt *[1]"
  must(lib.sqlite3_prepare_v2(handle, text, #text, st, nil) == 0)
  return st[0]
end

function M.open(file)
  local opened = ffi.new "sqlite3 *[1]"
  local code = lib.sqlite3_open_v2(file, opened, READWRITE + NOMUTEX, nil)
  handle = opened[0]
  must(code == 0)
  must(lib.sqlite3_exec(handle, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", nil, nil, nil) == 0)
  read_world = prepare "SELECT id, randomnumber FROM world WHERE id = ?"
  write_world = prepare "UPDATE world SET randomnumber = ? WHERE id = ?"
  read_fortunes = prepare "SELECT id, message FROM fortune"
  begin, commit = prepare "BEGIN IMMEDIATE", prepare "COMMIT"
end

function M.world(id)
  lib.sqlite3_bind_int(read_world, 1, id)
  must(lib.sqlite3_step(read_world) == ROW)
  local row = { id = id, randomNumber = lib.sqlite3_column_int(read_world, 1) }
  lib.sqlite3_reset(read_world)
  return row
end

function M.fortunes()
  local rows, n = {}, 0
  while lib.sqlite3_step(read_fortunes) == ROW do
    n = n + 1
    rows[n] = {
      id = lib.sqlite3_column_int(read_fortunes, 0),
      message = ffi.string(lib.sqlite3_column_text(read_fortunes, 1), lib.sqlite3_column_bytes(read_fortunes, 1)),
    }
  end
  lib.sqlite3_reset(read_fortunes)
  return rows
end

local function run(st)
  must(lib.sqlite3_step(st) == DONE)
  lib.sqlite3_reset(st)
end

function M.begin() run(begin) end
function M.commit() run(commit) end

function M.update(id, number)
  lib.sqlite3_bind_int(write_world, 1, number)
  lib.sqlite3_bind_int(write_world, 2, id)
  run(write_world)
end

return M
