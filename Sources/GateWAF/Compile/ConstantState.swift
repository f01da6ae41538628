/// What is known of collections before any request arrives, while rules are gone through in the order of their running.
struct ConstantState {
    /// What a slot holds at this point.
    enum Value: Equatable {
        /// Nothing.
        case unset
        /// These bytes.
        case bytes([UInt8])
        /// It depends on the request.
        case unknown
    }

    private var values: [SlotName: Value] = [:]
    /// Beginnings of names that a macro completes: what begins so is unknown.
    private var unknownPrefixes: [SlotName] = []

    /// What `slot` holds.
    subscript(slot: SlotName) -> Value {
        get {
            if slot.isCapture { return .unknown }
            if let value = values[slot] { return value }
            let isDynamic = unknownPrefixes.contains {
                $0.collection == slot.collection && slot.name.hasPrefix($0.name)
            }
            return isDynamic ? .unknown : .unset
        }
        set { values[slot] = newValue }
    }

    /// Forgets what is known of every slot whose name begins with that of `prefix`.
    mutating func forget(prefix: SlotName) {
        unknownPrefixes.append(prefix)
        for slot in Array(values.keys) where slot.collection == prefix.collection && slot.name.hasPrefix(prefix.name) {
            values[slot] = .unknown
        }
    }

    /// The text of a template, or nil where it depends on the request.
    func text(_ template: TemplateSyntax) -> [UInt8]? {
        var text: [UInt8] = []
        for part in template.parts {
            switch part {
            case .text(let bytes): text += bytes
            case .variable(.known(let variable), let name) where variable.isWritable && !name.isEmpty:
                let slot = SlotName(variable, name)
                // A route may replace these two for its requests.
                if slot == RouteAllowances.methodsSlot || slot == RouteAllowances.contentTypesSlot { return nil }
                switch self[slot] {
                case .unset: break
                case .bytes(let bytes): text += bytes
                case .unknown: return nil
                }
            default: return nil
            }
        }
        return text
    }

    /// What `assignment` makes of its slot.
    func result(of assignment: AssignmentSyntax, slot: SlotName) -> Value {
        switch assignment.operation {
        case .remove: return .unset
        case .set(let template): return text(template).map { .bytes($0) } ?? .unknown
        case .add(let template): return sum(slot, template) { $0 &+ $1 }
        case .subtract(let template): return sum(slot, template) { $0 &- $1 }
        }
    }

    private func sum(_ slot: SlotName, _ template: TemplateSyntax, _ combine: (Int, Int) -> Int) -> Value {
        guard let text = text(template) else { return .unknown }
        let change = NumericOperator.eq.number(in: text.span)
        switch self[slot] {
        case .unknown: return .unknown
        case .unset: return .bytes(Array(String(combine(0, change)).utf8))
        case .bytes(let bytes):
            return .bytes(Array(String(combine(NumericOperator.eq.number(in: bytes.span), change)).utf8))
        }
    }
}
