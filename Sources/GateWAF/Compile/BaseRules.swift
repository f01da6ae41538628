/// What ModSecurity's recommended base file sets up, in front of every rule set, under the ids that its logs use.
enum BaseRules {
    /// The name of this source in problems and matches.
    static let path = "(built in)"

    /// The rules as a source.
    static let source = RuleSource(path: path, bytes: Array(text.utf8))

    /// Their ids.
    static let ids = [200_000, 200_001, 200_002, 200_003, 200_004, 200_006]

    private static let text = #"""
        SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\+|/)|text/)xml" \
            "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
        SecRule REQUEST_HEADERS:Content-Type "@rx ^application/json" \
            "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
        SecRule REQUEST_HEADERS:Content-Type "@rx ^application/[a-z0-9.-]+[+]json" \
            "id:200006,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
        SecRule REQBODY_ERROR "!@eq 0" \
            "id:200002,phase:2,t:none,log,deny,status:400,severity:CRITICAL,\
            msg:'The body of the request cannot be parsed',logdata:'%{reqbody_error_msg}'"
        SecRule MULTIPART_STRICT_ERROR "!@eq 0" \
            "id:200003,phase:2,t:none,log,deny,status:400,severity:CRITICAL,\
            msg:'The multipart body of the request is not strictly formed'"
        SecRule MULTIPART_UNMATCHED_BOUNDARY "@eq 1" \
            "id:200004,phase:2,t:none,log,deny,status:400,severity:CRITICAL,\
            msg:'The multipart body of the request may hold a boundary that was not matched'"
        """#
}
