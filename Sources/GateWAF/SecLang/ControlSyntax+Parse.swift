extension ControlSyntax {
    /// Reads what stands after `ctl:`; nil for a control of ModSecurity's own logs, which has no effect here.
    static func parse(_ value: [UInt8]) throws(SecLangError) -> ControlSyntax? {
        guard let equals = value.firstIndex(of: UInt8(ascii: "=")) else {
            throw SecLangError("ctl has no value", remedy: "write it as ctl:name=value")
        }
        let name = String(decoding: value[..<equals], as: UTF8.self)
        let argument = Array(value[(equals + 1)...])
        let text = String(decoding: argument, as: UTF8.self)
        switch name.lowercased() {
        case "ruleengine": return .ruleEngine(try engine(text))
        case "ruleremovebyid": return .removeRules(try RuleIDs.parse(text))
        case "ruleremovebytag": return .removeTag(argument)
        case "ruleremovetargetbyid":
            let (what, target) = try targetOf(argument)
            guard let range = try RuleIDs.parse(String(decoding: what, as: UTF8.self)).first else {
                throw SecLangError("ctl names no rule", remedy: "write an id before the semicolon")
            }
            return .removeTargetByID(range, target)
        case "ruleremovetargetbytag":
            let (what, target) = try targetOf(argument)
            return .removeTargetByTag(what, target)
        case "requestbodyprocessor":
            guard let processor = RequestBodyProcessor(rawValue: text.uppercased()) else {
                throw SecLangError(
                    "\(text) is not a body processor", remedy: "write URLENCODED, MULTIPART, JSON or XML")
            }
            return .bodyProcessor(processor)
        case "forcerequestbodyvariable": return .forceRequestBody(try onOff(text))
        case "requestbodyaccess": return .bodyAccess(try onOff(text))
        case "auditengine", "auditlogparts", "debugloglevel": return nil
        default:
            throw SecLangError(
                "ctl:\(name) is not supported", remedy: "leave it out, or set what it changes in the configuration")
        }
    }

    /// What stands before the semicolon, and the target after it.
    private static func targetOf(_ argument: [UInt8]) throws(SecLangError) -> ([UInt8], TargetSyntax) {
        guard let semicolon = argument.firstIndex(of: UInt8(ascii: ";")) else {
            throw SecLangError("ctl names no target", remedy: "write the target after a semicolon")
        }
        let targets = try TargetSyntax.list(Array(argument[(semicolon + 1)...]))
        guard targets.count == 1, let target = targets.first, !target.isCount, !target.isExclusion else {
            throw SecLangError("ctl removes one target at a time", remedy: "write one target, without & and !")
        }
        return (Array(argument[..<semicolon]), target)
    }

    private static func engine(_ text: String) throws(SecLangError) -> RuleEngineState {
        switch text.lowercased() {
        case "on": return .on
        case "off": return .off
        case "detectiononly": return .detectionOnly
        default: throw SecLangError("ctl:ruleEngine has no such value", remedy: "write On, Off or DetectionOnly")
        }
    }

    private static func onOff(_ text: String) throws(SecLangError) -> Bool {
        switch text.lowercased() {
        case "on": return true
        case "off": return false
        default: throw SecLangError("ctl takes On or Off here", remedy: "write On or Off")
        }
    }
}

/// Ids of rules, as directives and controls list them.
enum RuleIDs {
    /// Reads ids and ranges such as `942100 942200-942299`, separated by spaces or commas.
    static func parse(_ text: String) throws(SecLangError) -> [ClosedRange<Int>] {
        var ranges: [ClosedRange<Int>] = []
        for word in text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "\t" }) {
            let bounds = word.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard bounds.count <= 2, let first = bounds.first, let lower = first, let last = bounds.last,
                let upper = last, lower >= 0, lower <= upper
            else {
                throw SecLangError("\(word) is not the id of a rule or a range of ids", remedy: "write 942100 or 1-9")
            }
            ranges.append(lower...upper)
        }
        guard !ranges.isEmpty else { throw SecLangError("no rule is named", remedy: "write the id of a rule") }
        return ranges
    }
}
