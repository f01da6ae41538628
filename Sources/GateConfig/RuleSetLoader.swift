public import GatePlan
public import GateSettings
public import GateWAF

/// Reads the files of a rule set and compiles them; off the loops, since it reads the disk and takes its time.
public struct RuleSetLoader {
    // LIMIT: bytes of one rule or data file, and rule files of one set. The Core Rule Set's largest has 400 KB.
    static let maximumFileSize = 8 << 20
    static let maximumFiles = 1_024

    /// A rule file or pattern that names nothing that can be read.
    public struct Problem: Error, Equatable, Sendable {
        /// What is wrong, in words that stand alone.
        public let words: String
        /// What to write instead, where that can be said.
        public let remedy: String?
    }

    private let files: any ConfigurationFiles

    /// A loader that reads from `files`.
    public init(files: any ConfigurationFiles) { self.files = files }

    /// The rule files that one path or pattern names, read.
    public func sources(_ path: String) throws(Problem) -> [RuleSource] {
        let pattern = FilePattern(path)
        guard !pattern.hasMisplacedWildcards else {
            throw Problem(words: "only the last part of a path may hold wildcards", remedy: "list the directories")
        }
        let names: [String]
        do throws(FileProblem) { names = try pattern.files(in: files) } catch {
            throw Problem(words: "\(path): \(error.words)", remedy: nil)
        }
        guard !names.isEmpty else {
            throw Problem(words: "\(path) names no file", remedy: "install the rules, or correct the path")
        }
        guard names.count <= Self.maximumFiles else {
            throw Problem(words: "\(path) names more than \(Self.maximumFiles) files", remedy: nil)
        }
        var sources: [RuleSource] = []
        for name in names {
            do throws(FileProblem) {
                sources.append(
                    RuleSource(path: name, bytes: try files.contents(of: name, limit: Self.maximumFileSize)))
            } catch {
                throw Problem(words: "\(name): \(error.words)", remedy: nil)
            }
        }
        return sources
    }

    /// What compiling gives: the rules, or what is wrong; and the files that the rules name, to know when they change.
    public struct Compiled {
        /// The rules; nil where something is wrong.
        public let rules: RuleSet?
        /// What is wrong.
        public let problems: [RuleProblem]
        /// The files that the rules name.
        public let dataFiles: [RuleSetPlan.DataFile]
    }

    /// Compiles `sources` in their order.
    public func compile(_ sources: [RuleSource], options: RuleSetOptions) -> Compiled {
        var problems: [RuleProblem] = []
        let data = DataFiles(files: files)
        let rules = RuleSet.compile(sources, files: data, options: options, problems: &problems)
        if problems.isEmpty, rules == nil {
            problems.append(
                RuleProblem(path: sources.first?.path ?? "", line: 1, message: "the rules do not compile", remedy: ""))
        }
        return Compiled(rules: problems.isEmpty ? rules : nil, problems: problems, dataFiles: data.read)
    }

    /// Whether the files that rules name still hold what they held.
    func holds(_ dataFiles: [RuleSetPlan.DataFile]) -> Bool {
        dataFiles.allSatisfy { DataFiles.digest(of: $0.path, in: files) == $0.digest }
    }

    /// The files that rules name, and which of them were read.
    private final class DataFiles: RuleFiles {
        private let files: any ConfigurationFiles
        private(set) var read: [RuleSetPlan.DataFile] = []

        init(files: any ConfigurationFiles) { self.files = files }

        func contents(of path: String) throws(RuleFileProblem) -> [UInt8] {
            do throws(FileProblem) {
                let bytes = try files.contents(of: path, limit: RuleSetLoader.maximumFileSize)
                if !read.contains(where: { $0.path == path }) {
                    read.append(.init(path: path, digest: Digest.of(bytes)))
                }
                return bytes
            } catch {
                throw RuleFileProblem(message: error.words)
            }
        }

        static func digest(of path: String, in files: any ConfigurationFiles) -> String {
            (try? files.contents(of: path, limit: RuleSetLoader.maximumFileSize)).map(Digest.of) ?? ""
        }
    }
}
