-- SPDX-License-Identifier: MIT
---@meta perilune.exceptions

---Error objects: `error(exceptions.Http404("no such product"))`.
---@class perilune.exceptions
---@field NON_FIELD_ERRORS string "__all__"
local exceptions = {}

---@class perilune.Exception
---@field name string the class: "ValueError"
---@field message string
---@field traceback? string once the engine has caught it
---@field where? string "shop/views.lua:12: ", the line of the project it came from
---@field hint? string what to do about it, for the debug page
---@field during? string what was running: "view shop.views.detail"
local Exception = {}

---Is it of that class, or of one below it?
---@param class perilune.ExceptionClass|string
---@return boolean
function Exception:is(class) end

---What errors of templates have beside: TemplateSyntaxError, TemplateDoesNotExist, and whatever
---the author's code raises while a template is rendered.
---@class perilune.TemplateError: perilune.Exception
---@field template_name? string
---@field origin? string the file, or another name of where it came from
---@field line? integer
---@field column? integer
---@field trail? { name: string?, origin: string?, line: integer? }[] what included or extended it, innermost first
---@field tried? string[] of TemplateDoesNotExist: "path (why)"

---@class perilune.ExceptionClass
---@field name string
---@field parent? perilune.ExceptionClass
---@overload fun(message?: string, fields?: table): perilune.Exception

---@class perilune.ValidationError: perilune.Exception
---@field messages string[] all texts, params filled in
---@field error_list perilune.ValidationError[]
---@field error_dict? table<string, perilune.ValidationError[]> when it was made from a map
---@field message_dict? table<string, string[]> the texts, by field
---@field code? string
---@field params? table

---@class perilune.ValidationErrorClass: perilune.ExceptionClass
---@overload fun(message: string|table, fields?: { code?: string, params?: table }): perilune.ValidationError

---A new class below `parent` (Exception), registered under its name.
---@param name string
---@param parent? perilune.ExceptionClass
---@param members? table methods and defaults of its objects
---@return perilune.ExceptionClass
function exceptions.define(name, parent, members) end

---Is any value an error object of the class, or of one below it?
---@param value any
---@param class perilune.ExceptionClass|string
---@return boolean
function exceptions.is(value, class) end

---Any raised value as an error object: objects as they are, everything else as an `Error`
---whose `value` is the original.
---@param value any
---@return perilune.Exception
function exceptions.wrap(value) end

---@type perilune.ExceptionClass
exceptions.AppRegistryNotReady = nil
---@type perilune.ExceptionClass
exceptions.VariableDoesNotExist = nil
---@type perilune.ExceptionClass
exceptions.ContextPopException = nil
---@type perilune.ExceptionClass
exceptions.RecursionError = nil
---@type perilune.ExceptionClass
exceptions.MemoryError = nil
---@type perilune.ExceptionClass
exceptions.ContentNotRenderedError = nil
---@type perilune.ExceptionClass
exceptions.AttributeError = nil
---@type perilune.ExceptionClass below ValueError
exceptions.BadHeaderError = nil
---@type perilune.ExceptionClass 400
exceptions.BadRequest = nil
---@type perilune.ExceptionClass
exceptions.BadSignature = nil
---@type perilune.ExceptionClass the fiber was cancelled while it waited
exceptions.CancelledError = nil
---@type perilune.ExceptionClass below OSError
exceptions.ClosedError = nil
---@type perilune.ExceptionClass ends a command with one line and status 1
exceptions.CommandError = nil
---@type perilune.ExceptionClass below OSError
exceptions.ConnectionError = nil
---@type perilune.ExceptionClass below DatabaseError
exceptions.DataError = nil
---@type perilune.ExceptionClass what a database refuses; `sql`, and with debug `params`
exceptions.DatabaseError = nil
---@type perilune.ExceptionClass a fixture that cannot be read
exceptions.DeserializationError = nil
---@type perilune.ExceptionClass a host that allowed_hosts does not name
exceptions.DisallowedHost = nil
---@type perilune.ExceptionClass below SuspiciousOperation
exceptions.DisallowedRedirect = nil
---@type perilune.ExceptionClass what is raised as a string or another plain value
exceptions.Error = nil
---@type perilune.ExceptionClass above all others
exceptions.Exception = nil
---@type perilune.ExceptionClass
exceptions.FieldDoesNotExist = nil
---@type perilune.ExceptionClass
exceptions.FieldError = nil
---@type perilune.ExceptionClass 404
exceptions.Http404 = nil
---@type perilune.ExceptionClass a module is missing, or requires itself in a circle
exceptions.ImportError = nil
---@type perilune.ExceptionClass a setting or a declaration is wrong
exceptions.ImproperlyConfigured = nil
---@type perilune.ExceptionClass
exceptions.IndexError = nil
---@type perilune.ExceptionClass below DatabaseError; `kind`: "unique", "foreign_key", "not_null", "check"
exceptions.IntegrityError = nil
---@type perilune.ExceptionClass the database was used wrongly
exceptions.InterfaceError = nil
---@type perilune.ExceptionClass below DatabaseError
exceptions.InternalError = nil
---@type perilune.ExceptionClass below SuspiciousOperation
exceptions.InvalidSessionKey = nil
---@type perilune.ExceptionClass
exceptions.KeyError = nil
---@type perilune.ExceptionClass raised by a factory: leaves its layer out
exceptions.MiddlewareNotUsed = nil
---@type perilune.ExceptionClass below BadRequest
exceptions.MultiPartParserError = nil
---@type perilune.ExceptionClass
exceptions.MultipleObjectsReturned = nil
---@type perilune.ExceptionClass
exceptions.NoReverseMatch = nil
---@type perilune.ExceptionClass below OSError
exceptions.NotFoundError = nil
---@type perilune.ExceptionClass
exceptions.NotImplementedError = nil
---@type perilune.ExceptionClass below DatabaseError
exceptions.NotSupportedError = nil
---@type perilune.ExceptionClass
exceptions.OSError = nil
---@type perilune.ExceptionClass
exceptions.ObjectDoesNotExist = nil
---@type perilune.ExceptionClass below DatabaseError: locks, syntax, a file that cannot be opened
exceptions.OperationalError = nil
---@type perilune.ExceptionClass
exceptions.OverflowError = nil
---@type perilune.ExceptionClass 403
exceptions.PermissionDenied = nil
---@type perilune.ExceptionClass below DatabaseError
exceptions.ProgrammingError = nil
---@type perilune.ExceptionClass
exceptions.RawPostDataException = nil
---@type perilune.ExceptionClass 413
exceptions.RequestDataTooBig = nil
---@type perilune.ExceptionClass no route matches
exceptions.Resolver404 = nil
---@type perilune.ExceptionClass below BadSignature
exceptions.SignatureExpired = nil
---@type perilune.ExceptionClass
exceptions.RuntimeError = nil
---@type perilune.ExceptionClass below SuspiciousOperation
exceptions.SuspiciousFileOperation = nil
---@type perilune.ExceptionClass below SuspiciousOperation
exceptions.SuspiciousMultipartForm = nil
---@type perilune.ExceptionClass 400, logged to perilune.security
exceptions.SuspiciousOperation = nil
---@type perilune.ExceptionClass
exceptions.SyntaxError = nil
---@type perilune.ExceptionClass
exceptions.TemplateDoesNotExist = nil
---@type perilune.ExceptionClass
exceptions.TemplateSyntaxError = nil
---@type perilune.ExceptionClass 504: request_time_limit
exceptions.TimeLimitExceeded = nil
---@type perilune.ExceptionClass below OSError
exceptions.TimeoutError = nil
---@type perilune.ExceptionClass
exceptions.TooLargeError = nil
---@type perilune.ExceptionClass below SuspiciousOperation
exceptions.TooManyFieldsSent = nil
---@type perilune.ExceptionClass below SuspiciousOperation
exceptions.TooManyFilesSent = nil
---@type perilune.ExceptionClass below ProgrammingError: a broken transaction
exceptions.TransactionManagementError = nil
---@type perilune.ExceptionClass
exceptions.TypeError = nil
---@type perilune.ExceptionClass below ValueError
exceptions.UnicodeError = nil
---@type perilune.ExceptionClass below OSError
exceptions.UnreadablePostError = nil
---@type perilune.ExceptionClass wrong command line: exit status 2
exceptions.UsageError = nil
---@type perilune.ExceptionClass
exceptions.ValueError = nil
---@type perilune.ExceptionClass
exceptions.ViewDoesNotExist = nil
---@type perilune.ExceptionClass
exceptions.ZeroDivisionError = nil
---@type perilune.ValidationErrorClass
exceptions.ValidationError = nil

return exceptions
