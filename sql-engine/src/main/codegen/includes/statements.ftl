<#-- Weir's statements. The entry is StatementEof; what it returns are records of Statement. -->

/* These tokens come before the template's, so they win over its LAMBDA and named-argument arrow:
   -> takes a field of a struct, => is the lambda arrow, := names an argument. */
<DEFAULT, DQID, BTID> TOKEN :
{
    < STRUCT_FIELD: ("-") (">") >
|   < LAMBDA_ARROW: ("=") (">") > { matchedToken.kind = LAMBDA; }
|   < ARGUMENT_NAME: (":") ("=") > { matchedToken.kind = NAMED_ARGUMENT_ASSIGNMENT; }
}

Statement StatementEof() :
{
    final Statement statement;
}
{
    statement = AnyStatement()
    ( <SEMICOLON> )*
    <EOF>
    { return statement; }
}

Statement AnyStatement() :
{
    final Statement statement;
    final SqlParserPos pos;
}
{
    (
        statement = CreateStatement()
    |
        LOOKAHEAD(<DROP>)
        statement = DropStatement()
    |
        statement = InsertStatement()
    |
        statement = UpdateStatement()
    |
        statement = DeleteStatement()
    |
        statement = AlterStatement()
    |
        LOOKAHEAD( ( <DEFINE> ) SimpleIdentifier() <EQ> )
        statement = DefineStatement()
    |
        LOOKAHEAD(<UNDEFINE>)
        statement = UndefineStatement()
    |
        LOOKAHEAD( ( <SHOW> | <LIST> ) )
        statement = ShowStatement()
    |
        LOOKAHEAD( ( <DESCRIBE> | <DESC> ) SimpleIdentifier() )
        statement = DescribeStatement()
    |
        statement = ExplainStatement()
    |
        LOOKAHEAD(<TERMINATE>)
        statement = TerminateStatement()
    |
        LOOKAHEAD(<PRINT>)
        statement = PrintStatement()
    |
        statement = SetStatement()
    |
        LOOKAHEAD(<UNSET>)
        statement = UnsetStatement()
    |
        LOOKAHEAD(<CANCEL>)
        statement = CancelStatement()
    |
        LOOKAHEAD(<COPY>)
        statement = CopyStatement()
    |
        LOOKAHEAD(<TRUNCATE> <TABLE>)
        <TRUNCATE> { throw Unsupported.statement(getToken(0)); }
    |
        ( <UPSERT> | <MERGE> | <CALL> ) {
            throw Unsupported.statement(getToken(0));
        }
    |
        statement = SelectStatement()
    )
    { return statement; }
}

Statement.Select SelectStatement() :
{
    SqlNode query;
    boolean emitChanges = false;
    OptionalLong limit = OptionalLong.empty();
    List<SqlNode> partitionBy = List.<SqlNode>of();
}
{
    query = OrderedQueryOrExpr(ExprContext.ACCEPT_QUERY)
    [
        <PARTITION> <BY> partitionBy = PartitionExpressions()
    ]
    [
        <EMIT>
        (
            <CHANGES> { emitChanges = true; }
        |
            <FINAL> { query = Syntax.emitFinal(query, getToken(0)); emitChanges = true; }
        )
        [
            <LIMIT> limit = WholeNumber()
        ]
    ]
    { return Syntax.select(query, emitChanges, limit, partitionBy); }
}

/** What a stream is keyed by: expressions, in parentheses or not. */
List<SqlNode> PartitionExpressions() :
{
    final List<SqlNode> expressions = new ArrayList<SqlNode>();
    SqlNode expression;
}
{
    expression = Expression(ExprContext.ACCEPT_NON_QUERY) { expressions.add(expression); }
    (
        <COMMA> expression = Expression(ExprContext.ACCEPT_NON_QUERY) { expressions.add(expression); }
    )*
    { return Syntax.partitionBy(expressions); }
}

Statement CreateStatement() :
{
    boolean orReplace = false;
    boolean ifNotExists = false;
    final Statement.SourceKind kind;
    final Name name;
    List<ColumnDefinition> columns = null;
    List<Property> properties = new ArrayList<Property>();
    Statement.Select select = null;
    final Token create;
}
{
    <CREATE> { create = getToken(0); }
    [ <OR> <REPLACE> { orReplace = true; } ]
    (
        <STREAM> { kind = Statement.SourceKind.STREAM; }
    |
        <TABLE> { kind = Statement.SourceKind.TABLE; }
    |
        <MATERIALIZED> <VIEW> { kind = Statement.SourceKind.TABLE; }
    |
        ( <VIEW> | <TYPE> | <FUNCTION> | <SOURCE> | <SCHEMA> | <DATABASE> | <TEMPORARY> ) {
            throw Unsupported.create(getToken(0));
        }
    )
    [ LOOKAHEAD(<IF> <NOT>) <IF> <NOT> <EXISTS> { ifNotExists = true; } ]
    name = ObjectName()
    [ columns = ColumnDefinitions() ]
    [ <WITH> properties = Properties() ]
    [ <AS> select = SelectStatement() ]
    {
        return Syntax.create(
            kind, name, columns, properties, select, orReplace, ifNotExists, getToken(1));
    }
}

List<ColumnDefinition> ColumnDefinitions() :
{
    final List<ColumnDefinition> columns = new ArrayList<ColumnDefinition>();
}
{
    <LPAREN>
    AddColumnDefinition(columns)
    ( <COMMA> AddColumnDefinition(columns) )*
    <RPAREN>
    { return columns; }
}

void AddColumnDefinition(List<ColumnDefinition> columns) :
{
    final Name name;
    final SqlType type;
    ColumnDefinition.Key key = ColumnDefinition.Key.NONE;
}
{
    name = ObjectName()
    type = ColumnType()
    [
        <KEY> { key = ColumnDefinition.Key.KEY; }
    |
        <PRIMARY> <KEY> { key = ColumnDefinition.Key.PRIMARY_KEY; }
    |
        <NOT> <NULL> { throw Unsupported.notNull(getToken(0)); }
    ]
    { columns.add(new ColumnDefinition(name, type, key)); }
}

SqlType ColumnType() :
{
    final SqlType type;
    final SqlType element;
    final SqlType value;
    final List<Field> fields = new ArrayList<Field>();
    int precision = 38;
    int scale = 0;
    final Name name;
}
{
    (
        <BOOLEAN> { type = Primitive.BOOLEAN; }
    |
        ( <INT> | <INTEGER> ) { type = Primitive.INT; }
    |
        <BIGINT> { type = Primitive.BIGINT; }
    |
        <DOUBLE> [ LOOKAHEAD(1) <PRECISION> ] { type = Primitive.DOUBLE; }
    |
        <VARCHAR> [ <LPAREN> WholeNumber() <RPAREN> ] { type = Primitive.VARCHAR; }
    |
        <VARBINARY> [ <LPAREN> WholeNumber() <RPAREN> ] { type = Primitive.BYTES; }
    |
        <DATE> { type = Primitive.DATE; }
    |
        <TIME> [ <LPAREN> WholeNumber() <RPAREN> ] { type = Primitive.TIME; }
    |
        <TIMESTAMP> [ <LPAREN> WholeNumber() <RPAREN> ] { type = Primitive.TIMESTAMP; }
    |
        ( <DECIMAL> | <NUMERIC> )
        [
            <LPAREN> precision = UnsignedIntLiteral()
            [ <COMMA> scale = UnsignedIntLiteral() ]
            <RPAREN>
        ]
        { type = Syntax.decimal(precision, scale, getToken(0)); }
    |
        <ARRAY> <LT> element = ColumnType() <GT> { type = new SqlType.Array(element); }
    |
        LOOKAHEAD(<MAP>)
        <MAP> <LT> element = ColumnType() <COMMA> value = ColumnType() <GT>
        { type = new SqlType.MapOf(element, value); }
    |
        LOOKAHEAD( SimpleIdentifier() <LT> )
        name = ObjectName()
        <LT> AddStructField(fields) ( <COMMA> AddStructField(fields) )* <GT>
        { type = Syntax.struct(name, fields); }
    |
        name = ObjectName() { type = Syntax.namedType(name); }
    )
    { return type; }
}

void AddStructField(List<Field> fields) :
{
    final Name name;
    final SqlType type;
}
{
    name = ObjectName()
    type = ColumnType()
    { fields.add(new Field(name.text(), type)); }
}

List<Property> Properties() :
{
    final List<Property> properties = new ArrayList<Property>();
}
{
    <LPAREN>
    AddProperty(properties)
    ( <COMMA> AddProperty(properties) )*
    <RPAREN>
    { return properties; }
}

void AddProperty(List<Property> properties) :
{
    final Name name;
    final Name value;
}
{
    ( name = ObjectName() | name = QuotedText() )
    <EQ>
    value = PropertyValue()
    { properties.add(new Property(name, value.text(), value.position())); }
}

/** A value of a property: text, a number, or a bare word, each as its text. */
Name PropertyValue() :
{
    final Name value;
    String sign = "";
}
{
    (
        value = QuotedText()
    |
        [ <MINUS> { sign = "-"; } ]
        ( <UNSIGNED_INTEGER_LITERAL> | <DECIMAL_NUMERIC_LITERAL> | <APPROX_NUMERIC_LITERAL> )
        { value = new Name(sign + getToken(0).image, Syntax.position(getToken(0))); }
    |
        ( <TRUE> | <FALSE> | <ON> | <DEFAULT_> | <NULL> )
        { value = new Name(getToken(0).image, Syntax.position(getToken(0))); }
    |
        value = DottedName()
    )
    { return value; }
}

Statement DropStatement() :
{
    final Statement.SourceKind kind;
    boolean ifExists = false;
    boolean deleteTopic = false;
    boolean cascade = false;
    final Name name;
}
{
    <DROP>
    (
        <STREAM> { kind = Statement.SourceKind.STREAM; }
    |
        <TABLE> { kind = Statement.SourceKind.TABLE; }
    |
        <MATERIALIZED> <VIEW> { kind = Statement.SourceKind.TABLE; }
    )
    [ LOOKAHEAD(<IF> <EXISTS>) <IF> <EXISTS> { ifExists = true; } ]
    name = ObjectName()
    (
        <CASCADE> { cascade = true; }
    |
        <RESTRICT> { cascade = false; }
    |
        <DELETE> <TOPIC> { deleteTopic = true; }
    )*
    { return new Statement.Drop(kind, name, ifExists, deleteTopic, cascade); }
}

Statement InsertStatement() :
{
    final Name target;
    final List<Name> columns = new ArrayList<Name>();
    final List<List<SqlNode>> rows = new ArrayList<List<SqlNode>>();
    List<Property> properties = List.<Property>of();
    final Statement.Select select;
    Name column;
}
{
    <INSERT> <INTO>
    target = ObjectName()
    [
        LOOKAHEAD( <LPAREN> SimpleIdentifier() )
        <LPAREN>
        column = ObjectName() { columns.add(column); }
        ( <COMMA> column = ObjectName() { columns.add(column); } )*
        <RPAREN>
    ]
    (
        ( <VALUES> | <VALUE> )
        AddInsertRow(rows)
        ( <COMMA> AddInsertRow(rows) )*
        { return new Statement.InsertValues(target, columns, rows); }
    |
        [ LOOKAHEAD( <WITH> <LPAREN> ) <WITH> properties = Properties() ]
        select = SelectStatement()
        { return Syntax.insertSelect(target, columns, properties, select); }
    )
}

Statement UpdateStatement() :
{
    final Name target;
    final List<Statement.Assignment> assignments = new ArrayList<Statement.Assignment>();
    SqlNode where = null;
}
{
    <UPDATE> target = ObjectName()
    <SET> AddAssignment(assignments) ( <COMMA> AddAssignment(assignments) )*
    [ <WHERE> where = Expression(ExprContext.ACCEPT_SUB_QUERY) ]
    { return new Statement.Update(target, assignments, Optional.ofNullable(where)); }
}

void AddAssignment(List<Statement.Assignment> assignments) :
{
    final Name column;
    final SqlNode value;
}
{
    column = ObjectName()
    <EQ>
    value = Expression(ExprContext.ACCEPT_SUB_QUERY)
    { assignments.add(new Statement.Assignment(column, value)); }
}

Statement DeleteStatement() :
{
    final Name target;
    SqlNode where = null;
}
{
    <DELETE> <FROM> target = ObjectName()
    [ <WHERE> where = Expression(ExprContext.ACCEPT_SUB_QUERY) ]
    { return new Statement.Delete(target, Optional.ofNullable(where)); }
}

Statement AlterStatement() :
{
    final Statement.SourceKind kind;
    final Name name;
    final List<ColumnDefinition> columns = new ArrayList<ColumnDefinition>();
}
{
    <ALTER>
    (
        <STREAM> { kind = Statement.SourceKind.STREAM; }
    |
        <TABLE> { kind = Statement.SourceKind.TABLE; }
    )
    name = ObjectName()
    AddedColumn(columns) ( <COMMA> AddedColumn(columns) )*
    { return new Statement.Alter(kind, name, columns); }
}

void AddedColumn(List<ColumnDefinition> columns) :
{
}
{
    <ADD>
    [ LOOKAHEAD( <COLUMN> SimpleIdentifier() ( <BOOLEAN> | <INT> | <INTEGER> | <BIGINT> | <DOUBLE> | <VARCHAR> | <VARBINARY> | <DATE> | <TIME> | <TIMESTAMP> | <DECIMAL> | <NUMERIC> | <ARRAY> | <MAP> | SimpleIdentifier() ) ) <COLUMN> ]
    AddColumnDefinition(columns)
}

Statement DefineStatement() :
{
    final Name variable;
    final Name value;
}
{
    <DEFINE> variable = ObjectName() <EQ> value = QuotedText()
    { return new Statement.Define(variable, value.text()); }
}

Statement UndefineStatement() :
{
    final Name variable;
}
{
    <UNDEFINE> variable = ObjectName()
    { return new Statement.Undefine(variable); }
}

void AddInsertRow(List<List<SqlNode>> rows) :
{
    final List<SqlNode> row = new ArrayList<SqlNode>();
    SqlNode value;
}
{
    <LPAREN>
    value = Expression(ExprContext.ACCEPT_NON_QUERY) { row.add(value); }
    ( <COMMA> value = Expression(ExprContext.ACCEPT_NON_QUERY) { row.add(value); } )*
    <RPAREN>
    { rows.add(row); }
}

Statement ShowStatement() :
{
    final Statement.Show.Kind kind;
    boolean extended = false;
}
{
    ( <SHOW> | <LIST> )
    [ <ALL> ]
    (
        <STREAMS> { kind = Statement.Show.Kind.STREAMS; }
    |
        <TABLES> { kind = Statement.Show.Kind.TABLES; }
    |
        <QUERIES> { kind = Statement.Show.Kind.QUERIES; }
    |
        <TOPICS> { kind = Statement.Show.Kind.TOPICS; }
    |
        <CONSUMER> <GROUPS> { kind = Statement.Show.Kind.CONSUMER_GROUPS; }
    |
        <PROPERTIES> { kind = Statement.Show.Kind.PROPERTIES; }
    |
        <FUNCTIONS> { kind = Statement.Show.Kind.FUNCTIONS; }
    |
        <VARIABLES> { kind = Statement.Show.Kind.VARIABLES; }
    )
    [ <EXTENDED> { extended = true; } ]
    { return new Statement.Show(kind, extended); }
}

Statement DescribeStatement() :
{
    boolean extended = false;
    final Name name;
}
{
    ( <DESCRIBE> | <DESC> )
    [
        LOOKAHEAD( <FUNCTION> SimpleIdentifier() )
        <FUNCTION> name = ObjectName()
        { return new Statement.DescribeFunction(name); }
    ]
    [
        LOOKAHEAD( <CONSUMER> <GROUP> )
        <CONSUMER> <GROUP> ( name = QuotedText() | name = DottedName() )
        { return new Statement.DescribeConsumerGroup(name); }
    ]
    [ LOOKAHEAD( <EXTENDED> SimpleIdentifier() ) <EXTENDED> { extended = true; } ]
    name = ObjectName()
    [ <EXTENDED> { extended = true; } ]
    { return new Statement.Describe(name, extended); }
}

Statement ExplainStatement() :
{
    final Name queryId;
    final Statement statement;
}
{
    <EXPLAIN>
    [ LOOKAHEAD(<PLAN> <FOR>) <PLAN> <FOR> ]
    (
        LOOKAHEAD( ( <SELECT> | <WITH> | <VALUES> | <LPAREN> ) )
        statement = SelectStatement()
        { return new Statement.Explain(Optional.of(statement), Optional.<Name>empty()); }
    |
        statement = CreateStatement()
        { return new Statement.Explain(Optional.of(statement), Optional.<Name>empty()); }
    |
        queryId = QueryId()
        { return new Statement.Explain(Optional.<Statement>empty(), Optional.of(queryId)); }
    )
}

Statement TerminateStatement() :
{
    final Name queryId;
}
{
    <TERMINATE>
    [ LOOKAHEAD( <QUERY> ( SimpleIdentifier() | <QUOTED_STRING> ) ) <QUERY> ]
    (
        <ALL> { return new Statement.Terminate(Optional.<Name>empty()); }
    |
        queryId = QueryId() { return new Statement.Terminate(Optional.of(queryId)); }
    )
}

Statement PrintStatement() :
{
    final Name topic;
    boolean fromBeginning = false;
    OptionalLong interval = OptionalLong.empty();
    OptionalLong limit = OptionalLong.empty();
}
{
    <PRINT>
    ( topic = QuotedText() | topic = DottedName() )
    [ <FROM> <BEGINNING> { fromBeginning = true; } ]
    [ <INTERVAL> interval = WholeNumber() ]
    [ <LIMIT> limit = WholeNumber() ]
    { return new Statement.Print(topic, fromBeginning, interval, limit); }
}

Statement SetStatement() :
{
    final Name key;
    final Name value;
}
{
    <SET>
    ( key = QuotedText() | key = DottedName() )
    ( <EQ> | <TO> )
    value = PropertyValue()
    { return new Statement.SetProperty(key, value.text(), value.position()); }
}

Statement UnsetStatement() :
{
    final Name key;
}
{
    <UNSET>
    ( key = QuotedText() | key = DottedName() )
    { return new Statement.UnsetProperty(key); }
}

Statement CancelStatement() :
{
    final Name queryId;
}
{
    <CANCEL> <QUERY>
    queryId = QueryId()
    { return new Statement.CancelQuery(queryId); }
}

Statement CopyStatement() :
{
    final Statement.Select select;
}
{
    <COPY> <LPAREN> select = SelectStatement() <RPAREN> <TO> <STDOUT>
    { return new Statement.CopyOut(select); }
}

Name QueryId() :
{
    final Name id;
}
{
    ( id = QuotedText() | id = ObjectName() )
    { return id; }
}

/** One name, quoted or not. */
Name ObjectName() :
{
    final SqlIdentifier id;
}
{
    id = SimpleIdentifier()
    { return Syntax.name(id); }
}

/** Names joined by dots, as properties and topics have them; behind a dot even reserved words. */
Name DottedName() :
{
    final Name first;
    final StringBuilder text = new StringBuilder();
    String segment;
}
{
    first = ObjectName() { text.append(first.text()); }
    (
        <DOT>
        (
            segment = Identifier()
        |
            (
                <ALL> | <DEFAULT_> | <FETCH> | <GROUP> | <IN> | <INTERVAL> | <LIMIT> | <OFFSET> | <ON>
            |   <ORDER> | <PARTITION> | <RANGE> | <RESET> | <ROW> | <ROWS> | <SET> | <STREAM>
            |   <TABLE> | <TIMESTAMP> | <TO> | <VALUES> | <WINDOW>
            )
            { segment = getToken(0).image; }
        )
        { text.append('.').append(segment); }
    )*
    { return new Name(text.toString(), first.position()); }
}

Name QuotedText() :
{
}
{
    <QUOTED_STRING>
    { return new Name(SqlParserUtil.parseString(getToken(0).image), Syntax.position(getToken(0))); }
}

OptionalLong WholeNumber() :
{
}
{
    <UNSIGNED_INTEGER_LITERAL>
    { return OptionalLong.of(Syntax.wholeNumber(getToken(0))); }
}

/** FROM with ksqlDB's window behind it. */
SqlNode WindowedFromClause() :
{
    SqlNode from;
    long size;
    long advance = 0L;
    long grace = -1L;
    long retention = -1L;
    boolean hopping = false;
    Token kind;
    final Span s;
}
{
    from = FromClause()
    [
        LOOKAHEAD( <WINDOW> <SESSION> <LPAREN> )
        <WINDOW> { s = span(); } <SESSION> { kind = getToken(0); }
        <LPAREN> size = WindowTime()
        [
            LOOKAHEAD( <COMMA> <RETENTION> )
            <COMMA> <RETENTION> retention = WindowTime()
        ]
        [
            <COMMA> <GRACE> <PERIOD> grace = GraceTime()
        ]
        <RPAREN>
        { from = Syntax.sessions(from, kind, size, retention, grace, s.end(this)); }
    |
        LOOKAHEAD( <WINDOW> ( <TUMBLING> | <HOPPING> ) <LPAREN> )
        <WINDOW> { s = span(); }
        (
            <TUMBLING>
        |
            <HOPPING> { hopping = true; }
        )
        { kind = getToken(0); }
        <LPAREN> <SIZE> size = WindowTime()
        [
            LOOKAHEAD( <COMMA> <ADVANCE> )
            <COMMA> <ADVANCE> <BY> advance = WindowTime()
        ]
        [
            LOOKAHEAD( <COMMA> <RETENTION> )
            <COMMA> <RETENTION> retention = WindowTime()
        ]
        [
            <COMMA> <GRACE> <PERIOD> grace = GraceTime()
        ]
        <RPAREN>
        { from = Syntax.windowed(from, kind, hopping, size, advance, retention, grace, s.end(this)); }
    ]
    { return from; }
}

/** A length of time in milliseconds; it may be nothing. */
long GraceTime() :
{
    final long time;
}
{
    (
        LOOKAHEAD( { getToken(1).image.equals("0") } )
        <UNSIGNED_INTEGER_LITERAL> WindowUnit() { time = 0L; }
    |
        time = WindowTime()
    )
    { return time; }
}

/** What stands behind WITHIN: how much earlier and later than a left row a right one may be. */
SqlNode JoinWithin(SqlNode table) :
{
    final long before;
    long after;
    long grace = -1L;
    final Span s;
}
{
    { s = span(); }
    (
        <LPAREN> before = JoinTime() <COMMA> after = JoinTime() <RPAREN>
    |
        before = JoinTime() { after = before; }
    )
    [ <GRACE> <PERIOD> grace = JoinTime() ]
    { return Syntax.within(table, before, after, grace, s.end(this)); }
}

/** A length of time in milliseconds, which may be nothing. */
long JoinTime() :
{
    final OptionalLong count;
    final Token number;
    final long unitMs;
}
{
    count = WholeNumber() { number = getToken(0); }
    unitMs = WindowUnit()
    { return Syntax.joinTimeMs(count.getAsLong(), unitMs, number); }
}

/** A length of time in milliseconds. */
long WindowTime() :
{
    final OptionalLong count;
    final Token number;
    final long unitMs;
}
{
    count = WholeNumber() { number = getToken(0); }
    unitMs = WindowUnit()
    { return Syntax.windowSizeMs(count.getAsLong(), unitMs, number); }
}

/** A unit of time in milliseconds. */
long WindowUnit() :
{
    final long unitMs;
}
{
    (
        <MILLISECOND> { unitMs = 1L; }
    |
        ( <SECOND> | <SECONDS> ) { unitMs = 1000L; }
    |
        ( <MINUTE> | <MINUTES> ) { unitMs = 60000L; }
    |
        ( <HOUR> | <HOURS> ) { unitMs = 3600000L; }
    |
        ( <DAY> | <DAYS> ) { unitMs = 86400000L; }
    |
        ( <WEEK> | <WEEKS> ) { unitMs = 604800000L; }
    |
        <IDENTIFIER> { unitMs = Syntax.timeUnitMs(getToken(0)); }
    )
    { return unitMs; }
}

/** expression :: type */
void InfixCast(List<Object> list, ExprContext exprContext, Span s) :
{
    final SqlDataTypeSpec type;
}
{
    <INFIX_CAST> { checkNonQueryExpression(exprContext); }
    type = DataType() {
        list.add(new SqlParserUtil.ToTreeListItem(SqlLibraryOperators.INFIX_CAST, s.pos()));
        list.add(type);
    }
}

/** struct -> field */
void StructField(List<Object> list, ExprContext exprContext, Span s) :
{
    final SqlIdentifier field;
}
{
    <STRUCT_FIELD> { checkNonQueryExpression(exprContext); }
    field = SimpleIdentifier() {
        list.add(new SqlParserUtil.ToTreeListItem(SqlStdOperatorTable.DOT, getPos()));
        list.add(field);
    }
}
