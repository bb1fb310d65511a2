-- SPDX-License-Identifier: MIT
---@meta perilune.models
-- luacheck: ignore 241 212 (the classes below are only there to be read)

---Models and queries: docs/guide/models.md, docs/guide/queries.md.
---@class perilune.models
---@field functions perilune.models.functions
---@field lookups perilune.models.lookups
---@field Field perilune.models.FieldClass the class above all fields: `Field:extend{…}`
---@field AutoField perilune.models.FieldClass
---@field BigAutoField perilune.models.FieldClass
---@field SmallAutoField perilune.models.FieldClass
---@field BigIntegerField perilune.models.FieldClass
---@field BinaryField perilune.models.FieldClass
---@field BooleanField perilune.models.FieldClass
---@field CharField perilune.models.FieldClass
---@field DateField perilune.models.FieldClass
---@field DateTimeField perilune.models.FieldClass
---@field DecimalField perilune.models.FieldClass
---@field DurationField perilune.models.FieldClass
---@field EmailField perilune.models.FieldClass
---@field FileField perilune.models.FieldClass
---@field FilePathField perilune.models.FieldClass
---@field FloatField perilune.models.FieldClass
---@field GeneratedField perilune.models.FieldClass
---@field GenericIPAddressField perilune.models.FieldClass
---@field ImageField perilune.models.FieldClass
---@field IntegerField perilune.models.FieldClass
---@field JSONField perilune.models.FieldClass
---@field PositiveBigIntegerField perilune.models.FieldClass
---@field PositiveIntegerField perilune.models.FieldClass
---@field PositiveSmallIntegerField perilune.models.FieldClass
---@field SlugField perilune.models.FieldClass
---@field SmallIntegerField perilune.models.FieldClass
---@field TextField perilune.models.FieldClass
---@field TimeField perilune.models.FieldClass
---@field URLField perilune.models.FieldClass
---@field UUIDField perilune.models.FieldClass
---@field ForeignKey perilune.models.RelationClass
---@field OneToOneField perilune.models.RelationClass
---@field ManyToManyField perilune.models.RelationClass
---@field CompositePrimaryKey fun(...: string): perilune.models.Field
---@field CASCADE perilune.models.OnDelete the rows that point at it go, too
---@field PROTECT perilune.models.OnDelete raises ProtectedError
---@field RESTRICT perilune.models.OnDelete raises RestrictedError, unless the rows go anyway
---@field SET_NULL perilune.models.OnDelete
---@field SET_DEFAULT perilune.models.OnDelete
---@field DO_NOTHING perilune.models.OnDelete left to the database
---@field Model perilune.models.ModelMaker
---@field QuerySet perilune.models.QuerySet
---@field Manager perilune.models.Manager
---@field Count perilune.models.Aggregate
---@field Sum perilune.models.Aggregate
---@field Avg perilune.models.Aggregate
---@field Min perilune.models.Aggregate
---@field Max perilune.models.Aggregate
---@field AnyValue perilune.models.Aggregate
---@field StdDev perilune.models.Aggregate takes `sample`, too
---@field Variance perilune.models.Aggregate takes `sample`, too
---@field StringAgg perilune.models.Aggregate takes `delimiter`, too
local models = {}

---@class perilune.models.OnDelete

---@class perilune.models.FieldOptions
---@field null? boolean
---@field blank? boolean
---@field choices? table pairs { value, label }, groups, a map, or TextChoices and its like
---@field db_column? string
---@field db_comment? string
---@field db_default? any
---@field db_index? boolean
---@field default? any a value, or a function that gives one
---@field editable? boolean
---@field error_messages? table<string, string>
---@field help_text? string
---@field primary_key? boolean
---@field unique? boolean
---@field unique_for_date? string
---@field unique_for_month? string
---@field unique_for_year? string
---@field validators? function[]
---@field verbose_name? string
---@field max_length? integer
---@field max_digits? integer
---@field decimal_places? integer
---@field auto_now? boolean
---@field auto_now_add? boolean
---@field db_collation? string
---@field upload_to? string|function
---@field expression? perilune.models.Expression
---@field output_field? perilune.models.Field
---@field db_persist? boolean

---@class perilune.models.RelationOptions: perilune.models.FieldOptions
---@field on_delete? perilune.models.OnDelete must be given for ForeignKey and OneToOneField
---@field related_name? string
---@field related_query_name? string
---@field to_field? string
---@field limit_choices_to? table|perilune.models.Expression|function
---@field db_constraint? boolean
---@field through? string|perilune.models.Class
---@field through_fields? string[]
---@field symmetrical? boolean
---@field db_table? string

---@class perilune.models.Field
---@field name string
---@field attname string
---@field column string

---@class perilune.models.FieldClass
---@overload fun(options?: perilune.models.FieldOptions): perilune.models.Field
local FieldClass = {}
---A class of fields below this one. Methods that mean something: `from_db_value(self, value)`,
---`get_prep_value(self, value)`, `to_python(self, value)`, `pre_save(self, instance, adding)`,
---`db_type(self)`, `get_validators(self)`.
---@param members { name?: string, options?: table<string, true>, [string]: any }
---@return perilune.models.FieldClass
function FieldClass:extend(members) end

---@class perilune.models.RelationClass: perilune.models.FieldClass
---@overload fun(to: string|perilune.models.Class, options?: perilune.models.RelationOptions): perilune.models.Field

---on_delete: sets the value, or what the function gives.
---@param value any
---@return perilune.models.OnDelete
function models.SET(value) end

---Gives `Status.DRAFT == "draft"`, and is what `choices` takes.
---@param spec table[] { NAME, value, label }
---@return table
function models.TextChoices(spec) end
---@param spec table[]
---@return table
function models.IntegerChoices(spec) end
---@param spec table[]
---@return table
function models.Choices(spec) end

---@param spec table fields and expressions, then name, condition, include
---@return table
function models.Index(spec) end
---@param spec table a condition, then name, violation_error_message, violation_error_code
---@return table
function models.CheckConstraint(spec) end
---@param spec table fields and expressions, then name, condition, nulls_distinct, …
---@return table
function models.UniqueConstraint(spec) end

---The model of "shop.Product".
---@param label string
---@return perilune.models.Class
function models.get_model(label) end

-- ---- expressions ----

---Combines with + - * / % ^ .. and, as a condition, with & | ~.
---@class perilune.models.Expression
local Expression = {}
---@param options? { nulls_first?: boolean, nulls_last?: boolean }
---@return perilune.models.Expression
function Expression:asc(options) end
---@param options? { nulls_first?: boolean, nulls_last?: boolean }
---@return perilune.models.Expression
function Expression:desc(options) end
---Characters of a text: F("name"):slice(1, 3) are the first three, :slice(2) all but the first.
---@param first integer counted from 1
---@param last? integer the last one, included; to the end without it
---@return perilune.models.Expression
function Expression:slice(first, last) end

---@alias perilune.models.Operand string|number|boolean|perilune.models.Expression

---@class perilune.models.AggregateOptions
---@field distinct? boolean
---@field filter? perilune.models.Expression
---@field default? any
---@field order_by? any
---@field output_field? perilune.models.Field
---@field sample? boolean
---@field delimiter? string

---@alias perilune.models.Aggregate fun(expression: perilune.models.Operand, options?: perilune.models.AggregateOptions): perilune.models.Expression

---A field, or what is behind it: F "price", F "category__name".
---@param name string
---@return perilune.models.Expression
function models.F(name) end
---Conditions that combine: Q{ a = 1 } | ~Q{ b = 2 }.
---@param ... table|perilune.models.Expression
---@return perilune.models.Expression
function models.Q(...) end
---@param connector "AND"|"OR"|"XOR"
---@param negated boolean
---@param ... table|perilune.models.Expression
---@return perilune.models.Expression
function models.q_connected(connector, negated, ...) end
---A key of a JSONField as text: KT "data__owner__name".
---@param path string
---@return perilune.models.Expression
function models.KT(path) end
---@param value any
---@param options? { output_field?: perilune.models.Field }
---@return perilune.models.Expression
function models.Value(value, options) end
---@param condition table|perilune.models.Expression
---@param result perilune.models.Operand text is the name of a field
---@return table
function models.When(condition, result) end
---Case{ When(…), …, default =, output_field = }
---@param spec table
---@return perilune.models.Expression
function models.Case(spec, ...) end
---@param expression perilune.models.Operand
---@param field perilune.models.Field
---@return perilune.models.Expression
function models.Cast(expression, field) end
---@param expression perilune.models.Operand
---@param collation string
---@return perilune.models.Expression
function models.Collate(expression, collation) end
---@param expression perilune.models.Operand
---@param options { output_field: perilune.models.Field }
---@return perilune.models.Expression
function models.ExpressionWrapper(expression, options) end
---@param sql string with ? for values
---@param params? any[]
---@param options? { output_field?: perilune.models.Field }
---@return perilune.models.Expression
function models.RawSQL(sql, params, options) end
---@param queryset perilune.models.QuerySet
---@param options? { output_field?: perilune.models.Field }
---@return perilune.models.Expression
function models.Subquery(queryset, options) end
---@param queryset perilune.models.QuerySet
---@return perilune.models.Expression
function models.Exists(queryset) end
---A field of the query around a subquery.
---@param name string|perilune.models.Expression
---@return perilune.models.Expression
function models.OuterRef(name) end
---Window{ Rank(), partition_by =, order_by =, frame = }
---@param spec table
---@return perilune.models.Expression
function models.Window(spec, ...) end
---@param options? { start?: integer, finish?: integer, exclusion?: string }
---@return table
function models.RowRange(options) end
---@param options? { start?: integer, finish?: integer, exclusion?: string }
---@return table
function models.ValueRange(options) end
---@param relation string
---@param options { condition: perilune.models.Expression }
---@return table
function models.FilteredRelation(relation, options) end
---@param lookup string
---@param options? { queryset?: perilune.models.QuerySet, to_attr?: string } a slice of the queryset is one for each object
---@return table
function models.Prefetch(lookup, options) end
---@param list perilune.models.Instance[]
---@param ... string|table
function models.prefetch_related_objects(list, ...) end
---A lookup `{ sql = "%(lhs)s <> %(rhs)s" }`, or a transform `{ transform = "ABS" }`, for all fields or one class.
---@param name string
---@param options { sql?: string, transform?: string, field?: perilune.models.FieldClass, output_field?: perilune.models.FieldClass }
function models.register_lookup(name, options) end
---A function of the database that models.functions has not.
---@param name string
---@param sql string its name, or SQL with %(expressions)s
---@param options? { arity?: integer, aggregate?: boolean, output_field?: perilune.models.FieldClass }
---@return fun(...: perilune.models.Operand): perilune.models.Expression
function models.Func(name, sql, options) end

-- ---- models ----

---@class perilune.models.ModelMaker: perilune.models.Instance
---@overload fun(name: string, members: table): perilune.models.Class

---@class perilune.models.Class
---@field objects perilune.models.Manager
---@field DoesNotExist any
---@field MultipleObjectsReturned any
---@overload fun(values?: table<string, any>): perilune.models.Instance

---What is set is the instance's alone. `_state.adding = true` and `pk = nil` make a copy.
---@class perilune.models.ModelState
---@field db? string the database that the object was read from or saved to
---@field adding boolean it is in no database yet

---@class perilune.models.Instance
---@field pk any
---@field _state perilune.models.ModelState
local Instance = {}
---@param options? { update_fields?: string[], force_insert?: boolean|perilune.models.Class[], force_update?: boolean, using?: string } force_insert: a list of parents makes rows in their tables, too
function Instance:save(options) end
---@param options? { using?: string, keep_parents?: boolean }
---@return integer total
---@return table<string, integer> by_label
function Instance:delete(options) end
---Fields that only() or defer() left out stay so, unless they are named. What is known of related objects is forgotten: of all, or of those named.
---@param options? string[]|{ fields?: string[], using?: string, from_queryset?: perilune.models.QuerySet }
function Instance:refresh_from_db(options) end
---@param options? { exclude?: string[], validate_unique?: boolean, validate_constraints?: boolean }
function Instance:full_clean(options) end
---For authors: checks over several fields.
function Instance:clean() end
---@param exclude? string[]
function Instance:clean_fields(exclude) end
---@param exclude? string[]
function Instance:validate_unique(exclude) end
---@param exclude? string[]
function Instance:validate_constraints(exclude) end
---@return string[]
function Instance:get_deferred_fields() end
---The constraints of the model and of the tables above it: a list of { class, constraints }.
---@return table[]
function Instance:get_constraints() end
---Called on a class: what a row becomes. A model's own may keep what was read, and more:
---`function Product.from_db(class, using, names, values) local product = models.Model.from_db(class, using, names, values) … return product end`
---@param using string
---@param names string[] attributes; what is not among them is deferred
---@param values any[] nil for NULL
---@return perilune.models.Instance
function Instance:from_db(using, names, values) end
---@param name string
---@return any
function Instance:serializable_value(name) end
---A model below this one: its heir, or a proxy of it.
---@param name string
---@param members table
---@return perilune.models.Class
function Instance:extend(name, members) end

-- ---- QuerySets ----

---Lazy and immutable: every call gives a new one. `for i, row in ipairs(qs)`, `#qs` and `qs[1]` read the rows, once.
---@class perilune.models.QuerySet
---@field query any its text is the SQL
---@field model perilune.models.Class
---@field ordered boolean
local QuerySet = {}
---@return perilune.models.QuerySet
function QuerySet:all() end
---@param ... table|perilune.models.Expression
---@return perilune.models.QuerySet
function QuerySet:filter(...) end
---@param ... table|perilune.models.Expression
---@return perilune.models.QuerySet
function QuerySet:exclude(...) end
---@return perilune.models.QuerySet
function QuerySet:none() end
---@param ... string|perilune.models.Expression
---@return perilune.models.QuerySet
function QuerySet:order_by(...) end
---@return perilune.models.QuerySet
function QuerySet:reverse() end
---@return perilune.models.QuerySet
function QuerySet:distinct(...) end
---@param ... table|perilune.models.Expression
---@return perilune.models.QuerySet
function QuerySet:annotate(...) end
---@param ... table|perilune.models.Expression
---@return perilune.models.QuerySet
function QuerySet:alias(...) end
---@return perilune.models.QuerySet
function QuerySet:values(...) end
---The last argument may be { flat = true } or { named = true }.
---@return perilune.models.QuerySet
function QuerySet:values_list(...) end
---@param field string
---@param kind "year"|"month"|"week"|"day"
---@param order? "ASC"|"DESC"
---@return perilune.models.QuerySet
function QuerySet:dates(field, kind, order) end
---@param field string
---@param kind string
---@param order? "ASC"|"DESC"
---@param options? { tzinfo?: string }
---@return perilune.models.QuerySet
function QuerySet:datetimes(field, kind, order, options) end
---@param ... string
---@return perilune.models.QuerySet
function QuerySet:only(...) end
---@return perilune.models.QuerySet
function QuerySet:defer(...) end
---@return perilune.models.QuerySet
function QuerySet:select_related(...) end
---@return perilune.models.QuerySet
function QuerySet:prefetch_related(...) end
---@param alias string
---@return perilune.models.QuerySet
function QuerySet:using(alias) end
---What is missing on one row is loaded for all rows ("peers"), for it alone ("one"), or not ("raise").
---@param mode "one"|"peers"|"raise"
---@return perilune.models.QuerySet
function QuerySet:fetch_mode(mode) end
---@param options? { nowait?: boolean, skip_locked?: boolean, no_key?: boolean, of?: string[] }
---@return perilune.models.QuerySet
function QuerySet:select_for_update(options) end
---Rows first to last, from 1, both included.
---@param first integer
---@param last? integer
---@return perilune.models.QuerySet
function QuerySet:slice(first, last) end
---@param n integer
---@return perilune.models.QuerySet
function QuerySet:limit(n) end
---@param n integer
---@return perilune.models.QuerySet
function QuerySet:offset(n) end
---The last argument may be { all = true }.
---@return perilune.models.QuerySet
function QuerySet:union(...) end
---@return perilune.models.QuerySet
function QuerySet:intersection(...) end
---@return perilune.models.QuerySet
function QuerySet:difference(...) end
---@return fun(): any
function QuerySet:iter() end
---@return any[]
function QuerySet:to_list() end
---Rows in chunks, none of them kept.
---@param options? { chunk_size?: integer } 2000
---@return fun(): any
function QuerySet:iterator(options) end
---Raises DoesNotExist, MultipleObjectsReturned.
---@param ... table|perilune.models.Expression
---@return perilune.models.Instance
function QuerySet:get(...) end
---@param ... table|perilune.models.Expression
---@return perilune.models.Instance?
function QuerySet:get_or_nil(...) end
---@return any?
function QuerySet:first() end
---@return any?
function QuerySet:last() end
---@param ... string
---@return any
function QuerySet:earliest(...) end
---@param ... string
---@return any
function QuerySet:latest(...) end
---@return integer
function QuerySet:count() end
---@return boolean
function QuerySet:exists() end
---@param object perilune.models.Instance
---@return boolean
function QuerySet:contains(object) end
---@param ... table|perilune.models.Expression
---@return table<string, any>
function QuerySet:aggregate(...) end
---@param ids? any[]
---@param options? { field_name?: string }
---@return table<any, perilune.models.Instance>
function QuerySet:in_bulk(ids, options) end
---@param values? table<string, any>
---@return perilune.models.Instance
function QuerySet:create(values) end
---@param values table with `defaults`
---@return perilune.models.Instance object
---@return boolean created
function QuerySet:get_or_create(values) end
---@param values table with `defaults`, `create_defaults`
---@return perilune.models.Instance object
---@return boolean created
function QuerySet:update_or_create(values) end
---@param objects perilune.models.Instance[]
---@param options? { batch_size?: integer, ignore_conflicts?: boolean, update_conflicts?: boolean, update_fields?: string[], unique_fields?: string[] }
---@return perilune.models.Instance[]
function QuerySet:bulk_create(objects, options) end
---@param objects perilune.models.Instance[]
---@param names string[]
---@param options? { batch_size?: integer }
---@return integer rows
function QuerySet:bulk_update(objects, names, options) end
---@param values table<string, any>
---@return integer rows
function QuerySet:update(values) end
---@return integer total
---@return table<string, integer> by_label
function QuerySet:delete() end
---@param sql string
---@param params? any[]
---@param options? table
---@return perilune.models.Instance[]
function QuerySet:raw(sql, params, options) end
---@return string sql
---@return any[] params
function QuerySet:sql() end
---analyze runs the query, too, and adds how many rows there were and how long it took.
---@param options? { format?: string, analyze?: boolean }
---@return string
function QuerySet:explain(options) end
---The alias of the database that it would run on.
---@return string
function QuerySet:db() end
---@param members table
---@return perilune.models.QuerySet
function QuerySet:extend(members) end
---@return perilune.models.Manager
function QuerySet:as_manager() end

---@class perilune.models.Manager: perilune.models.QuerySet
---@field use_in_migrations? boolean of a class: historical models of migrations have it too; it must be a member of a module
local Manager = {}
---@return perilune.models.QuerySet
function Manager:get_queryset() end
---@param using string
---@return perilune.models.Manager
function Manager:db_manager(using) end
---@param queryset_class perilune.models.QuerySet
---@return perilune.models.Manager
function Manager:from_queryset(queryset_class) end

---What `category.products` and `product.tags` are; called, `category.products{ manager = "published" }`, it is the same of another manager of the model's.
---@class perilune.models.RelatedManager: perilune.models.Manager
---@overload fun(options: { manager: string }): perilune.models.RelatedManager
local RelatedManager = {}
---Objects (of a many-to-many relation also their keys), one by one or as a list, with options behind them.
---@param ... any `{ bulk = false }` saves each of them (ForeignKey), `{ through_defaults = {…} }` has values for the rows between
function RelatedManager:add(...) end
---@param ... any `{ bulk = false }` saves each of them (ForeignKey)
function RelatedManager:remove(...) end
---@param options? { bulk?: boolean }
function RelatedManager:clear(options) end
---Takes away and adds what differs.
---@param objects table a list or QuerySet
---@param options? { bulk?: boolean, clear?: boolean, through_defaults?: table }
function RelatedManager:set(objects, options) end

return models
