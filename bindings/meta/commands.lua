-- SPDX-License-Identifier: MIT
---@meta perilune.commands
-- luacheck: ignore 241 (the classes below are only there to be read)

---Commands: those of the framework, and `commands/NAME.lua` of every installed app, which returns a `perilune.commands.Spec`.
---@class perilune.commands
---@field CommandError table the error class: `error(commands.CommandError("text", { returncode = 3 }))` ends a command with its text alone and that status (1)
local commands = {}

---What a file `commands/NAME.lua` returns.
---@class perilune.commands.Spec
---@field help? string one line, for `perilune help`
---@field description? string more lines, for `perilune NAME --help`
---@field arguments? perilune.commands.Argument[]
---@field handle fun(options: table, command: perilune.commands.Command): any a string that it returns is printed

---A declared argument: `{ "csv_file" }` by position, `{ "-n", "--posts" }` an option. Its value is `options.csv_file`, `options.posts`.
---@class perilune.commands.Argument
---@field [integer] string its names
---@field help? string
---@field type? "string"|"int"|"float"|fun(text: string): any a function gives nil (and what was wanted) for what does not fit; default `"string"`
---@field default? any when it is not given
---@field flag? boolean an option without a value: true when it is given
---@field choices? any[] the values that are allowed
---@field nargs? integer|"?"|"*"|"+"|"..." how many values: one or none, any, one or more, the rest as it is
---@field required? boolean of an option
---@field multiple? boolean an option that may be repeated: its value is a list
---@field const? any the value of an option with `nargs = "?"` that stands without one
---@field dest? string its name in `options`
---@field metavar? string its value in the usage line

---What `handle` gets beside its options, which have `verbosity`, `traceback`, `no_color` and `settings` too.
---@class perilune.commands.Command
---@field name string
---@field stdout perilune.commands.Stream
---@field stderr perilune.commands.Stream
---@field style perilune.commands.Style
local Command = {}

---Writes a line to standard output.
---@param text any
---@param ending? string instead of the line end
function Command:write(text, ending) end

---Shows how far the work has come on standard error: a bar on a terminal, lines elsewhere, nothing at verbosity 0.
---@param total? integer steps; without it they are counted
---@param label? string
---@return perilune.commands.Progress
function Command:progress(total, label) end

---@class perilune.commands.Stream
local Stream = {}

---@param text any
---@param ending? string instead of the line end
function Stream:write(text, ending) end

function Stream:flush() end

---@return boolean
function Stream:isatty() end

---Functions from text to text; colours only where the terminal has them.
---@class perilune.commands.Style
---@field success fun(text: any): string
---@field error fun(text: any): string
---@field warning fun(text: any): string
---@field notice fun(text: any): string
---@field heading fun(text: any): string
---@field label fun(text: any): string

---@class perilune.commands.Progress
---@field done integer
---@field total integer?
local Progress = {}

---@param n? integer steps, 1
function Progress:step(n) end

---Ends the line of a bar that did not come to its end; done for every bar when the command ends.
function Progress:finish() end

---Runs a command from code: `commands.call("import_csv", "x.csv", "--update", { verbosity = 0 })`. `stdout` and `stderr` among
---the options are anything with a `write` method. Raises what the command raises, `UsageError` for wrong arguments.
---@param name string
---@param ... string|number|table texts as on the command line; last, options by name
---@return any ... what its `handle` returned
function commands.call(name, ...) end

---A new value for `settings.secret_key`.
---@return string key 50 random characters
function commands.get_random_secret_key() end

return commands
