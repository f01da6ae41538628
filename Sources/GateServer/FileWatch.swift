import GatePrimitives

/// Decides when certificates, keys and lists that changed on disk are read again. A machine without I/O.
///
/// A change counts once it has stood for one interval: chain and key are two files, and whoever replaces them needs a
/// moment for the second. What was tried and refused is not tried again until something changes.
struct FileWatch {
    /// What was found changed: each file with what it is now, nil for one that is gone.
    typealias Changes = [String: FileVersion?]

    private var pending: Changes = [:]
    private var refused: Changes = [:]

    /// Hears what differs from the plan in force; whether the files are to be read now.
    mutating func observe(_ changes: Changes) -> Bool {
        defer { pending = changes }
        if changes.isEmpty {
            refused = [:]
            return false
        }
        return changes == pending && changes != refused
    }

    /// What was observed last was read and could not be used.
    mutating func refuse() { refused = pending }
}
