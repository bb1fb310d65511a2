-- SPDX-License-Identifier: MIT
---@meta perilune.migrations

---The operations that files of migrations are made of. A file returns
---`{ dependencies = { { "shop", "0001_initial" } }, operations = { … } }`.
---@class perilune.migrations
local migrations = {}

---@class perilune.migrations.Operation

---@class perilune.migrations.Apps the models as they were at this point
---@field get_model fun(self: perilune.migrations.Apps, app_label: string, name?: string): table
---@field get_models fun(self: perilune.migrations.Apps): table[]

---@class perilune.migrations.Schema
---@field alias string of the database
---@field execute fun(self: perilune.migrations.Schema, sql: string)

---@param options { name: string, fields: table, options?: table, bases?: string[], managers?: table }
---@return perilune.migrations.Operation
function migrations.CreateModel(options) end

---@param options { name: string }
---@return perilune.migrations.Operation
function migrations.DeleteModel(options) end

---@param options { old_name: string, new_name: string }
---@return perilune.migrations.Operation
function migrations.RenameModel(options) end

---@param options { name: string, table: string } `""`: the name that Django would give
---@return perilune.migrations.Operation
function migrations.AlterModelTable(options) end

---@param options { name: string, table_comment: string }
---@return perilune.migrations.Operation
function migrations.AlterModelTableComment(options) end

---@param options { name: string, unique_together: string[][] }
---@return perilune.migrations.Operation
function migrations.AlterUniqueTogether(options) end

---@param options { name: string, order_with_respect_to: string|false }
---@return perilune.migrations.Operation
function migrations.AlterOrderWithRespectTo(options) end

---@param options { name: string, options: table } all options that no database knows
---@return perilune.migrations.Operation
function migrations.AlterModelOptions(options) end

---@param options { name: string, managers?: table }
---@return perilune.migrations.Operation
function migrations.AlterModelManagers(options) end

---@param options { model_name: string, name: string, field: table, preserve_default?: boolean } false: the default is for the rows that are there alone
---@return perilune.migrations.Operation
function migrations.AddField(options) end

---@param options { model_name: string, name: string }
---@return perilune.migrations.Operation
function migrations.RemoveField(options) end

---@param options { model_name: string, name: string, field: table, preserve_default?: boolean }
---@return perilune.migrations.Operation
function migrations.AlterField(options) end

---@param options { model_name: string, old_name: string, new_name: string }
---@return perilune.migrations.Operation
function migrations.RenameField(options) end

---@param options { model_name: string, index: table }
---@return perilune.migrations.Operation
function migrations.AddIndex(options) end

---@param options { model_name: string, name: string }
---@return perilune.migrations.Operation
function migrations.RemoveIndex(options) end

---@param options { model_name: string, new_name: string, old_name?: string, old_fields?: string[] }
---@return perilune.migrations.Operation
function migrations.RenameIndex(options) end

---@param options { model_name: string, constraint: table }
---@return perilune.migrations.Operation
function migrations.AddConstraint(options) end

---@param options { model_name: string, name: string }
---@return perilune.migrations.Operation
function migrations.RemoveConstraint(options) end

---@param options { model_name: string, name: string, constraint: table } what no database knows of a constraint
---@return perilune.migrations.Operation
function migrations.AlterConstraint(options) end

---One text with several statements, or a list of statements and pairs `{ sql, { values } }`.
---`migrations.RunSQL.noop` does nothing.
---@param sql string|table
---@param reverse_sql? string|table without it the migration cannot be undone
---@param options? { state_operations?: perilune.migrations.Operation[], hints?: table, elidable?: boolean }
---@return perilune.migrations.Operation
function migrations.RunSQL(sql, reverse_sql, options) end

---`migrations.RunLua.noop` does nothing.
---@param code fun(apps: perilune.migrations.Apps, schema: perilune.migrations.Schema)
---@param reverse_code? fun(apps: perilune.migrations.Apps, schema: perilune.migrations.Schema) without it the migration cannot be undone
---@param options? { atomic?: boolean, hints?: table, elidable?: boolean }
---@return perilune.migrations.Operation
function migrations.RunLua(code, reverse_code, options) end

---@param options { database_operations?: perilune.migrations.Operation[], state_operations?: perilune.migrations.Operation[] }
---@return perilune.migrations.Operation
function migrations.SeparateDatabaseAndState(options) end

---In `dependencies`: on the app of a model that a setting names (`Meta.swappable`).
---@param value string "app.Model", as the setting has it
---@return table
function migrations.swappable_dependency(value) end

return migrations
