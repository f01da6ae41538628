/// A rule as it is written: one `SecRule` or `SecAction`, a link of a chain or the whole of it.
struct RuleSyntax {
    /// The file, as an index into the sources.
    var source: Int
    /// The line of the directive.
    var line: Int
    /// What it looks at; empty for `SecAction`.
    var targets: [TargetSyntax]
    /// What it asks of each value; nil for `SecAction`, which always matches.
    var operation: OperatorSyntax?
    /// What it does.
    var actions: ActionsSyntax
}

/// A variable that a rule looks at.
struct TargetSyntax: Equatable {
    /// The part after the colon.
    enum Selector: Equatable {
        /// All values.
        case all
        /// The values of this name, in any case of letters.
        case name(String)
        /// The values whose name matches the expression, in any case of letters.
        case pattern(String)
    }

    /// The variable.
    var variable: TargetVariable
    /// The part after the colon.
    var selector: Selector
    /// `&`: the number of values instead of each value.
    var isCount = false
    /// `!`: values that are left out.
    var isExclusion = false
}

/// The variable of a target or macro.
enum TargetVariable: Equatable {
    /// One that this engine fills.
    case known(Variable)
    /// One of SecLang's that it does not: a problem, unless the rule can never run.
    case unsupported(String)
}

/// A test, as it is written.
struct OperatorSyntax: Equatable {
    /// The name in lower case and without `@`.
    var name: String
    /// The argument; a macro in it is not expanded.
    var argument: [UInt8]
    /// `!`: a value matches where the test does not hold.
    var isNegated: Bool
}

/// Text with macros.
struct TemplateSyntax: Equatable {
    /// A piece of it.
    enum Part: Equatable {
        /// Bytes as they are.
        case text([UInt8])
        /// `%{VARIABLE.name}`; the name is empty for a variable of one value.
        case variable(TargetVariable, name: String)
        /// `%{RULE.field}`.
        case rule(RuleField)
    }

    /// What a rule says of itself.
    enum RuleField: String {
        case id, msg, severity, logdata, rev
    }

    /// The pieces in their order.
    var parts: [Part]

    /// The text, where no macro is in it.
    var constant: [UInt8]? {
        var text: [UInt8] = []
        for part in parts {
            guard case .text(let bytes) = part else { return nil }
            text += bytes
        }
        return text
    }
}

/// The actions of a rule.
struct ActionsSyntax {
    var id: Int?
    var phase: RulePhase?
    var disruptive: DisruptiveSyntax?
    var status: Int?
    /// `log`, `nolog`, `auditlog` and `noauditlog` in their order: the last one decides whether a match is reported.
    var reports: [Bool] = []
    var isChained = false
    var captures = false
    var multiMatch = false
    var skip: Int?
    var skipAfter: String?
    /// The names of transformations in their order, `none` among them.
    var transformations: [String] = []
    var assignments: [AssignmentSyntax] = []
    var controls: [ControlSyntax] = []
    var message: TemplateSyntax?
    var logData: TemplateSyntax?
    var severity: RuleSeverity?
    var tags: [TemplateSyntax] = []
    var revision: [UInt8] = []
}

/// What a rule that matches does to the transaction.
enum DisruptiveSyntax: Equatable {
    case pass, deny, drop, block
    case allow(AllowScope)
}

/// How far `allow` reaches.
enum AllowScope: UInt8 {
    /// The rest of this phase.
    case phase
    /// The rest of the request's phases.
    case request
    /// All that is left but logging.
    case transaction
}

/// `setvar`.
struct AssignmentSyntax: Equatable {
    /// What becomes of the value.
    enum Operation: Equatable {
        /// It is set.
        case set(TemplateSyntax)
        /// A number is added.
        case add(TemplateSyntax)
        /// A number is taken away.
        case subtract(TemplateSyntax)
        /// It is forgotten.
        case remove
    }

    /// TX, IP or GLOBAL.
    var collection: Variable
    /// The name, which may hold macros.
    var name: TemplateSyntax
    /// What becomes of it.
    var operation: Operation
}

/// `ctl`.
enum ControlSyntax: Equatable {
    case ruleEngine(RuleEngineState)
    case removeRules([ClosedRange<Int>])
    case removeTag([UInt8])
    case removeTargetByID(ClosedRange<Int>, TargetSyntax)
    case removeTargetByTag([UInt8], TargetSyntax)
    case bodyProcessor(RequestBodyProcessor)
    case forceRequestBody(Bool)
    case bodyAccess(Bool)
}

/// `ctl:ruleEngine`.
enum RuleEngineState: UInt8 {
    case on, detectionOnly, off
}
