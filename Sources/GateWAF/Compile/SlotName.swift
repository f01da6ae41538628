/// A value of a collection that rules set: `tx.name`, in lower case.
struct SlotName: Hashable {
    /// TX, IP or GLOBAL.
    let collection: Variable
    /// The name in lower case.
    let name: String

    init(_ collection: Variable, _ name: String) {
        self.collection = collection
        self.name = name.lowercased()
    }

    /// A name of TX.
    static func tx(_ name: String) -> SlotName { SlotName(.tx, name) }

    /// What a regular expression captured: set by every rule with `capture`, and never known.
    var isCapture: Bool {
        collection == .tx && name.utf8.count == 1 && name.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }
}

extension Variable {
    /// Whether rules set its values.
    var isWritable: Bool { self == .tx || self == .ip || self == .global }
}

extension RuleSetOptions {
    /// The values that the configuration sets in place of the files.
    var overrides: [SlotName: [UInt8]] {
        var values: [SlotName: [UInt8]] = [:]
        func set(_ name: String, _ number: Int) { values[.tx(name)] = Array(String(number).utf8) }
        if let paranoiaLevel {
            // Version 3 of the Core Rule Set names its levels otherwise than version 4.
            for name in [
                "paranoia_level", "executing_paranoia_level", "blocking_paranoia_level", "detection_paranoia_level",
            ] {
                set(name, paranoiaLevel)
            }
        }
        if let inboundThreshold { set("inbound_anomaly_score_threshold", inboundThreshold) }
        if let outboundThreshold { set("outbound_anomaly_score_threshold", outboundThreshold) }
        let allowances = RouteAllowances(methods: allowedMethods, contentTypes: allowedContentTypes)
        if let methods = allowances.methods { values[RouteAllowances.methodsSlot] = methods }
        if let types = allowances.contentTypes { values[RouteAllowances.contentTypesSlot] = types }
        return values
    }
}

extension RouteAllowances {
    static let methodsSlot = SlotName.tx("allowed_methods")
    static let contentTypesSlot = SlotName.tx("allowed_request_content_type")
}
