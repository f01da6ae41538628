import GatePattern

/// A compiled rule set: flat tables of small values that refer to each other by index, so that running a rule follows no
/// reference but those of its expression or its phrases.
struct Plan: Sendable {
    /// Bytes that rules hold: arguments, texts, names.
    var constants: [UInt8] = []
    /// Names of values that rules select, such as `user-agent`.
    var names = NameTable()
    /// Names of slots; the space is the collection's.
    var slots = NameTable()
    /// Each slot's name as it was written first.
    var slotNames: [Blob] = []
    /// The collection of each slot.
    var slotCollections: [Variable] = []
    /// What each slot holds when a transaction begins; nil for nothing.
    var initialSlots: [Blob?] = []
    var patterns: [Pattern] = []
    var phraseSets: [PhraseSet] = []
    var byteSets: [ByteRangeSet] = []
    var addressSets: [AddressOperator] = []
    /// Chains of transformations.
    var chains: [PlanChain] = []
    var steps: [PlanStep] = []
    var templates: [PlanRange] = []
    var templateParts: [PlanTemplatePart] = []
    var rules: [PlanRule] = []
    var links: [PlanLink] = []
    var targets: [PlanTarget] = []
    /// Targets with `!`, see `PlanLink.exclusions`.
    var exclusions: [PlanExclusion] = []
    var assignments: [PlanAssignment] = []
    var controls: [PlanControl] = []
    /// Slots that the patterns of targets select.
    var slotLists: [Int32] = []
    /// Templates of tags.
    var tags: [Int32] = []
    /// For controls that remove rules or targets: the rules they mean, a bit for each rule of the plan.
    var ruleMasks: [[UInt64]] = []
    /// The scanners of requests and of responses, see `RulePhase.scanner`.
    var scanners: [LiteralScanner] = []
    /// The most words that a scanner answers with.
    var longestAnswer: Int { scanners.reduce(0) { max($0, $1.wordCount) } }
    /// Classes of rows, see `PlanClasses`.
    var classes = PlanClasses()
    /// The phases, by number less one.
    var phases: [PlanPhase] = []
    /// The slot of the inbound anomaly score.
    var scoreSlot: Int?
    /// The slots that a route may set.
    var methodsSlot: Int?
    var contentTypesSlot: Int?
    /// The words of REQBODY_PROCESSOR, by `RequestBodyProcessor.index`.
    var processors: [Blob] = []
    /// Whether names of the values of each variable are looked up, by the variable's index.
    var selectsNames: [Bool] = Array(repeating: false, count: Variable.allCases.count)
    /// The files, for matches.
    var paths: [String] = []
}

/// Neighbours in one of a plan's tables.
struct PlanRange: Sendable {
    let start: Int32
    let count: Int32

    init(_ range: Range<Int>) {
        start = Int32(range.lowerBound)
        count = Int32(range.count)
    }

    @inline(__always)
    var indices: Range<Int> { Int(start)..<(Int(start) &+ Int(count)) }
    @inline(__always)
    var isEmpty: Bool { count == 0 }
}

/// The rules of one phase by their places in the files' order; rules that vanished have a place all the same, so that
/// `skip` and `skipAfter` count as written.
struct PlanPhase: Sendable {
    /// The rule at each place, or -1.
    var rules: [Int32] = []
    /// A bit for each place whose rule is evaluated whatever the values.
    var always: [UInt64] = []
    /// The place of each rule that a scan can leave out, by its number in the scanner less that of the first.
    var filteredPlaces: [Int32] = []
    /// The number of the first of them in the scanner.
    var firstFilter = 0
}

/// A chain of transformations.
struct PlanChain: Sendable {
    /// Its steps in `Plan.steps`.
    let steps: PlanRange
    /// A value that holds none of these passes unchanged.
    let triggers: ByteTraits
}

/// One transformation of a chain.
struct PlanStep: Sendable {
    let transformation: Transformation
    /// A value that holds none of these passes unchanged.
    let triggers: ByteTraits

    init(_ transformation: Transformation) {
        self.transformation = transformation
        triggers = transformation.triggers
    }
}

/// A piece of text with macros.
enum PlanTemplatePart: Sendable {
    case text(Blob)
    case slot(Int32)
    /// The first value of a variable, or that of the name; -1 for any.
    case row(Variable, name: Int32)
    case matchedVar
    case matchedVarName
    case processor
}

/// A rule with its chain.
struct PlanRule: Sendable {
    /// What becomes of the request.
    enum Disposition: Sendable {
        case pass
        case deny(status: Int16)
        case allow(AllowScope)
    }

    let id: Int
    let phase: RulePhase
    let source: Int32
    let line: Int32
    let links: PlanRange
    /// Its place in its phase.
    let place: Int32
    let disposition: Disposition
    /// The place at which to go on after a match; -1 for the next.
    let jump: Int32
    let isReported: Bool
    /// Templates; -1 for none.
    let message: Int32
    let logData: Int32
    let severity: RuleSeverity?
    let tags: PlanRange
}

/// One condition of a rule.
struct PlanLink: Sendable {
    let targets: PlanRange
    let exclusions: PlanRange
    let test: PlanTest
    let isNegated: Bool
    let argument: PlanArgument
    /// The argument as a number, where it is constant and the test compares numbers.
    let number: Int
    let chain: Int32
    /// The number in the scanner of what the test needs to find; -1 where a scan does not tell.
    var filter: Int32 = -1
    /// The part of the chain that a scan needs: all but changes of case at its end.
    let scanChain: Int32
    let captures: Bool
    let multiMatch: Bool
    let assignments: PlanRange
    let controls: PlanRange
}

/// What a rule asks of a value.
enum PlanTest: Sendable {
    case always
    case never
    case expression(Int32)
    case phrases(Int32)
    case text(TextOperator)
    case number(NumericOperator)
    case encoding(EncodingOperator)
    case byteRange(Int32)
    case address(Int32)
    case sqlInjection
    case scriptInjection
}

/// What a test compares with.
enum PlanArgument: Sendable {
    case constant(Blob)
    case template(Int32)
}

/// What a rule looks at.
struct PlanTarget: Sendable {
    /// Where the values are.
    enum Source: Sendable {
        /// Rows of the message.
        case rows(Variable, PlanSelector)
        /// The one value of the message.
        case scalar(Variable)
        case slot(Int32)
        /// Slots by list, and the values whose names came with the request.
        case slots(Variable, PlanRange, pattern: Int32)
        case matchedVar
        case matchedVarName
        case matchedVars
        case matchedVarsNames
        case processor
    }

    let source: Source
    let isCount: Bool
}

/// Which values of a collection.
enum PlanSelector: Sendable {
    case all
    case name(Int32)
    case pattern(Int32)
}

/// Values that a rule leaves out.
struct PlanExclusion: Sendable {
    let variable: Variable
    let selector: PlanSelector
    /// For a collection of slots: the name in `Plan.slots` instead.
    let slot: Int32
    /// The name that must be met to the letter, as a control's must but for headers; nil where case does not count.
    let exactName: Blob?
}

/// `setvar`.
struct PlanAssignment: Sendable {
    enum Operation: UInt8, Sendable {
        case set, add, subtract, remove
    }

    let collection: Variable
    /// The slot, or -1 where `name` has macros.
    let slot: Int32
    let name: Int32
    let operation: Operation
    /// The template of the value; -1 for none.
    let value: Int32
}

/// `ctl`.
enum PlanControl: Sendable {
    case engine(RuleEngineState)
    case removeRules(mask: Int32)
    case removeTarget(mask: Int32, exclusion: Int32)
    case bodyProcessor(RequestBodyProcessor)
    case forceRequestBody(Bool)
    case bodyAccess(Bool)
}
