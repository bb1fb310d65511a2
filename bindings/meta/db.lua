-- SPDX-License-Identifier: MIT
---@meta perilune.db
-- luacheck: ignore 241 (the classes below are only there to be read)

---Databases of `settings.databases`: SQL, transactions, what is sent. Everything that a
---database refuses raises a `DatabaseError` (perilune.exceptions) that names the SQL.
---@class perilune.db
---@field DEFAULT_ALIAS "default"
---@field queries perilune.db.Statement[] what this fiber has sent; only with setting `debug`
---@field router perilune.db.Router
local db = {}

---@class perilune.db.Using
---@field using? string alias of the database, "default" when left out

---@class perilune.db.Statement
---@field sql string with the placeholders of the database
---@field params any[]
---@field ms number
---@field alias string
---@field error? string why it failed
---@field times? integer of a statement that was run for many rows: how often; params are those of the last one

---@alias perilune.db.Value string|number|boolean|perilune.null|userdata

---Runs SQL. Values only ever go in through `?` (by position) or `:name` placeholders; `??` is
---a question mark. The rows are a list that `for row in rows do` walks, too; NULL is nil.
---@param sql string one statement
---@param params? perilune.db.Value[]|table<string, perilune.db.Value>
---@param options? perilune.db.Using
---@return table[] rows tables by the names of the columns
function db.query(sql, params, options) end

---Runs SQL for what it does.
---@param sql string one statement
---@param params? perilune.db.Value[]|table<string, perilune.db.Value>
---@param options? perilune.db.Using
---@return integer changed rows inserted, updated or deleted
---@return integer id key of the last row inserted
function db.execute(sql, params, options) end

---Bytes that are to be stored as a BLOB; a plain string is text.
---@param bytes string
---@return userdata
function db.binary(bytes) end

---Runs the function in a transaction, or in a savepoint of the one that is open in this fiber.
---An error rolls it back and is raised again.
---@param options { using?: string, durable?: boolean, savepoint?: boolean }
---@param fn fun(...): any
---@param ... any for the function
---@return any ... what the function gives
---@overload fun(fn: function, ...): any
function db.atomic(options, fn, ...) end

---Calls fn after the outermost commit, never after a rollback; now, when there is no transaction.
---@param fn function
---@param options? { using?: string, robust?: boolean } robust: its error is logged, not raised
function db.on_commit(fn, options) end

---The statements that fn sends.
---@param fn function
---@param options? { all?: boolean, using?: string, every_fiber?: boolean } all: BEGIN and its like too; every_fiber: those of other fibers of the process meanwhile too
---@return perilune.db.Statement[]
function db.capture(fn, options) end

---Is a block of `atomic` open in this fiber?
---@param options? perilune.db.Using
---@return boolean
function db.in_atomic(options) end

---Will the innermost block be rolled back?
---@param options? perilune.db.Using
---@return boolean
function db.get_rollback(options) end

---Rolls the innermost block back at its end, without an error; or no longer.
---@param rollback boolean
---@param options? perilune.db.Using
function db.set_rollback(rollback, options) end

---A savepoint by hand; nil outside of a transaction. `atomic` inside of `atomic` is one by itself.
---@param options? perilune.db.Using
---@return integer? sid
function db.savepoint(options) end

---@param sid? integer
---@param options? perilune.db.Using
function db.savepoint_commit(sid, options) end

---Back to the savepoint; what failed since does not break the transaction any more.
---@param sid? integer
---@param options? perilune.db.Using
function db.savepoint_rollback(sid, options) end

---One database as an object; its methods are the functions above.
---@param alias? string
---@return perilune.db.Connection
function db.connection(alias) end

---The aliases of settings.databases, sorted.
---@return string[]
function db.aliases() end

---A view without the transaction of `atomic_requests`.
---@param view function
---@param options? perilune.db.Using only that of one database
---@return function view
function db.non_atomic_requests(view, options) end

---@class perilune.db.Connection
---@field alias string
---@field vendor "sqlite"
---@field settings table its entry of settings.databases
---@field queries perilune.db.Statement[]
local Connection = {}

---@param sql string
---@param params? perilune.db.Value[]|table<string, perilune.db.Value>
---@return table[] rows
function Connection:query(sql, params) end

---@param sql string
---@param params? perilune.db.Value[]|table<string, perilune.db.Value>
---@return integer changed
---@return integer id
function Connection:execute(sql, params) end

---@param options { durable?: boolean, savepoint?: boolean }
---@param fn fun(...): any
---@param ... any
---@return any ...
---@overload fun(self: perilune.db.Connection, fn: function, ...): any
function Connection:atomic(options, fn, ...) end

---@param fn function
---@param options? { robust?: boolean }
function Connection:on_commit(fn, options) end

---@param fn function
---@param options? { all?: boolean, every_fiber?: boolean }
---@return perilune.db.Statement[]
function Connection:capture(fn, options) end

---@return boolean
function Connection:in_atomic() end

---@return boolean
function Connection:get_rollback() end

---@param rollback boolean
function Connection:set_rollback(rollback) end

---@return integer? sid
function Connection:savepoint() end

---@param sid? integer
function Connection:savepoint_commit(sid) end

---@param sid? integer
function Connection:savepoint_rollback(sid) end

---Runs fn with one connection held outside of transactions too: for PRAGMAs.
---@param fn function
---@return any ... what fn gives
function Connection:pinned(fn) end

---Closes the connections that are not in use; the next statement opens one again.
function Connection:close() end

---Counters of its connections in this process; `snapshots`: how often the read transaction that
---reads share was begun anew.
---@return { prepared: integer, hits: integer, evicted: integer, snapshots: integer, busy_waits: integer, checkpoints: integer, connects: integer, open: integer, wal_frames: integer }
function Connection:stats() end

---settings.database_routers, asked in order.
---@class perilune.db.Router
local Router = {}

---@param model any
---@param hints? { instance?: table }
---@return string alias
function Router.db_for_read(model, hints) end

---@param model any
---@param hints? { instance?: table }
---@return string alias
function Router.db_for_write(model, hints) end

---@param a table an instance
---@param b table
---@param hints? table
---@return boolean
function Router.allow_relation(a, b, hints) end

---@param alias string
---@param app_label string
---@param hints? { model_name?: string }
---@return boolean
function Router.allow_migrate(alias, app_label, hints) end

---May the model have its table in the database? allow_migrate with the hints `model_name` and `model`.
---@param alias string
---@param model perilune.models.Class
---@return boolean
function Router.allow_migrate_model(alias, model) end

return db
