/// What loading a configuration gives.
public struct LoadedSettings: Sendable {
    /// The settings; nil when there is any error.
    public let settings: Settings?
    /// Every problem, by place.
    public let diagnostics: [Diagnostic]
    /// Every protection given up, by place.
    public let waivers: [Waiver]
    /// What could be read where there are errors, with placeholders and defaults in the gaps: for further checks alone.
    public let partial: Settings?
    /// Collects what later steps find; it knows the files.
    public let collected: Diagnostics
}

/// Reads the main file and the files it includes, decodes them, joins them and validates the whole.
///
/// Nothing stops at the first problem: all are reported at once. No socket is opened.
public struct ConfigurationLoader {
    // LIMIT: files in all, so that a pattern cannot make the gateway read a disk.
    static let maxFiles = 1_024

    private let files: any ConfigurationFiles
    private var diagnostics = Diagnostics()
    private var waivers: [Waiver] = []

    private init(files: any ConfigurationFiles) { self.files = files }

    /// Loads the configuration whose main file is at `path`.
    public static func load(_ path: String, from files: any ConfigurationFiles) -> LoadedSettings {
        var loader = ConfigurationLoader(files: files)
        let settings = loader.load(path)
        let diagnostics = loader.diagnostics
        return LoadedSettings(
            settings: diagnostics.hasErrors ? nil : settings, diagnostics: diagnostics.sorted,
            waivers: loader.waivers.sorted { $0.position < $1.position }, partial: settings, collected: diagnostics)
    }

    /// Judges settings that were read before once more: the files that they name may have changed.
    public static func validate(
        _ settings: Settings, _ diagnostics: Diagnostics, from files: any ConfigurationFiles
    ) -> LoadedSettings {
        var validator = SettingsValidator(settings: settings, files: files, diagnostics: diagnostics)
        validator.validate()
        let found = validator.diagnostics
        return LoadedSettings(
            settings: found.hasErrors ? nil : settings, diagnostics: found.sorted,
            waivers: validator.waivers.sorted { $0.position < $1.position }, partial: settings, collected: found)
    }

    private mutating func load(_ path: String) -> Settings? {
        let root = FilePath.directory(of: path)
        guard var settings = read(path, root: root, directory: "", isIncluded: false) else { return nil }
        var merger = SettingsMerger(settings)
        for file in includedFiles(of: settings, main: path, root: root) {
            let directory = FilePath.directory(of: file)
            let full = FilePath.join(root, file)
            if let part = read(full, root: root, directory: directory, isIncluded: true) { merger.add(part) }
        }
        settings = merger.finish(&diagnostics)
        var validator = SettingsValidator(settings: settings, files: files, diagnostics: diagnostics)
        validator.validate()
        diagnostics = validator.diagnostics
        waivers = validator.waivers
        return settings
    }

    /// One file as settings; nil when it is unreadable or not YAML, which is reported.
    private mutating func read(_ path: String, root: String, directory: String, isIncluded: Bool) -> Settings? {
        let limits = YAMLDocument.Limits()
        let file = diagnostics.addFile(path)
        let start = SourcePosition(file: file, line: 0, column: 0)
        let bytes: [UInt8]
        do throws(FileProblem) {
            bytes = try files.contents(of: path, limit: limits.bytes)
        } catch {
            diagnostics.error(at: start, error.words)
            return nil
        }
        let errorsBefore = diagnostics.errorCount
        guard let node = YAMLDocument.parse(bytes, file: file, limits: limits, diagnostics: &diagnostics) else {
            if diagnostics.errorCount == errorsBefore, !isIncluded {
                diagnostics.error(at: start, "the file is empty", instead: "begin with version: 1")
            }
            return nil
        }
        var decoding = Decoding(
            diagnostics: diagnostics, root: root, directory: directory, isIncluded: isIncluded)
        let settings = Settings.schema.decode(node, &decoding)
        diagnostics = decoding.diagnostics
        return settings
    }

    /// The files that the patterns of `include` name, relative to the main file's directory, each once.
    private mutating func includedFiles(of settings: Settings, main: String, root: String) -> [String] {
        var seen: Set<String> = [main]
        var found: [String] = []
        for pattern in settings.include {
            for file in expand(pattern, root: root) where seen.insert(FilePath.join(root, file)).inserted {
                guard found.count < Self.maxFiles else {
                    diagnostics.error(at: pattern.position, "more than \(Self.maxFiles) files are included")
                    return found
                }
                found.append(file)
            }
        }
        return found
    }

    /// The files that one pattern names, in the order of their names.
    private mutating func expand(_ include: Located<String>, root: String) -> [String] {
        let pattern = FilePattern(include.value)
        guard !pattern.hasMisplacedWildcards else {
            diagnostics.error(
                at: include.position, "only the last part of a path may hold wildcards", instead: "list the directories"
            )
            return []
        }
        do throws(FileProblem) {
            return try pattern.files(in: files, below: root)
        } catch {
            diagnostics.error(at: include.position, "include '\(include.value.abbreviated)': \(error.words)")
            return []
        }
    }
}

/// Matches file names against `*` and `?`.
enum Glob {
    /// Whether the whole of `name` matches; a dot at its beginning must be written.
    ///
    /// Linear in memory and at most quadratic in time: only the last `*` is ever retried.
    static func matches(_ name: [UInt8], pattern: [UInt8]) -> Bool {
        if name.first == UInt8(ascii: "."), pattern.first != UInt8(ascii: ".") { return false }
        var position = 0
        var wanted = 0
        var retry: (position: Int, wanted: Int)?
        while position < name.count {
            if wanted < pattern.count, pattern[wanted] == UInt8(ascii: "*") {
                retry = (position, wanted + 1)
                wanted += 1
            } else if wanted < pattern.count, pattern[wanted] == name[position] || pattern[wanted] == UInt8(ascii: "?")
            {
                position += 1
                wanted += 1
            } else if let last = retry {
                retry = (last.position + 1, last.wanted)
                position = last.position + 1
                wanted = last.wanted
            } else {
                return false
            }
        }
        return pattern[wanted...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
