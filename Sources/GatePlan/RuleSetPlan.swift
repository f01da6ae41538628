public import GateWAF

/// One rule set of the firewall, compiled.
public struct RuleSetPlan: Sendable {
    /// A file that rules named when they were compiled, and the digest of what it held.
    public struct DataFile: Sendable, Equatable {
        /// Its path.
        public let path: String
        /// The digest of its bytes; empty where it could not be read.
        public let digest: String

        /// A file and its digest.
        public init(path: String, digest: String) {
            self.path = path
            self.digest = digest
        }
    }

    /// Its name.
    public let name: String
    /// The rules; nil where the set is disabled.
    public let rules: RuleSet?
    /// The digest of the rule files and of what the configuration says about them: equal digests, equal rules, as long as
    /// the data files are the same, too.
    public let digest: String
    /// The files that the rules name.
    public let dataFiles: [DataFile]
    /// What the rule files say themselves, so that no route's declaration takes its place.
    public let settles: Settled

    /// The media types that the Core Rule Set among the files allows where nobody says otherwise; empty without it.
    public let defaultContentTypes: [String]

    /// A rule set.
    public init(
        name: String, rules: RuleSet?, digest: String, dataFiles: [DataFile], settles: Settled,
        defaultContentTypes: [String] = []
    ) {
        self.name = name
        self.rules = rules
        self.digest = digest
        self.dataFiles = dataFiles
        self.settles = settles
        self.defaultContentTypes = defaultContentTypes
    }

    /// Which of the Core Rule Set's settings rule files set on their own account, not as its default.
    public struct Settled: OptionSet, Sendable {
        /// The settings as bits.
        public let rawValue: UInt8
        /// These settings.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// `tx.allowed_methods`.
        public static let methods = Settled(rawValue: 1)
        /// `tx.allowed_request_content_type`.
        public static let contentTypes = Settled(rawValue: 2)
    }
}

extension RuleSource {
    /// The lines that are no comments, in lower case.
    fileprivate var lines: [Substring] {
        String(decoding: bytes, as: UTF8.self).lowercased().split(whereSeparator: \.isNewline)
            .filter { $0.first { $0 != " " && $0 != "\t" } != "#" }
    }
}

extension RuleSetPlan {
    /// The media types in the default of `tx.allowed_request_content_type`, which stands in the file that asks whether the
    /// setting is there.
    public static func defaultContentTypes(in sources: [RuleSource]) -> [String] {
        let setting = "tx.allowed_request_content_type="
        for source in sources {
            let lines = source.lines
            guard lines.contains(where: { $0.contains("&tx:allowed_request_content_type ") }) else { continue }
            for line in lines {
                let parts = line.split(separator: setting, maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, let list = parts[1].split(separator: "'").first else { continue }
                return list.split { $0 == "|" || $0 == " " }.map(String.init)
            }
        }
        return []
    }
}

extension RuleSetPlan.Settled {
    /// What `sources` set. A file that asks whether the setting is there is the one that knows its default; what only adds
    /// to the setting leaves it to others.
    public init(_ sources: [RuleSource]) {
        self = []
        for source in sources {
            let lines = source.lines
            func sets(_ name: String) -> Bool {
                lines.contains { $0.contains("tx.\(name)=") && !$0.contains("%{tx.\(name)}") }
                    && !lines.contains { $0.contains("&tx:\(name)") }
            }
            if sets("allowed_methods") { insert(.methods) }
            if sets("allowed_request_content_type") { insert(.contentTypes) }
        }
    }
}
