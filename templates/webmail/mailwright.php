<?php

/**
 * What webmail has of the site: who may write as what (ADDR-7), who is in the address book (INT-2), and how it looks.
 *
 * people.json  login → name, addresses (the published one first), store (who keeps the mail); none where people are
 *              in a directory, which is asked then
 * book.json    the address book
 */
class mailwright extends rcube_plugin
{
    const PEOPLE = '/etc/mailwright/webmail/people.json';
    const BOOK = '/etc/mailwright/webmail/book.json';
    const SOURCE = 'people';

    /** Roundcube 1.6 has scripts in its pages, and its app.js runs eval() on answers' exec. No other origin is spoken with. */
    const POLICY = "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        . "img-src 'self' data: blob:%s; font-src 'self'; connect-src 'self'; frame-src 'self'; media-src 'self'; "
        . "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

    public function init()
    {
        $this->policy('');
        $this->add_hook('startup', [$this, 'startup']);
        $this->add_hook('authenticate', [$this, 'authenticate']);
        $this->add_hook('storage_connect', [$this, 'storage_connect']);
        $this->add_hook('user_create', [$this, 'user_create']);
        $this->add_hook('login_after', [$this, 'login_after']);
        $this->add_hook('identity_create', [$this, 'refuse']);
        $this->add_hook('identity_delete', [$this, 'refuse']);
        $this->add_hook('identity_update', [$this, 'identity_update']);
        $this->add_hook('message_before_send', [$this, 'message_before_send']);
        $this->add_hook('message_load', [$this, 'message_load']);
        $this->add_hook('addressbooks_list', [$this, 'addressbooks_list']);
        $this->add_hook('addressbook_get', [$this, 'addressbook_get']);
    }

    public function startup($args)
    {
        $rcmail = rcmail::get_instance();
        if ($rcmail->output->type == 'html') {
            $rcmail->output->set_env('rcversion', 0); // nobody needs to know which
            $this->include_stylesheet('look.css');
        }
        if ($args['task'] == 'settings' && ($person = self::person($rcmail->get_user_name()))) {
            $rcmail->config->set('password_pop_host', 'ssl://' . $person['store']);
        }
        return $args;
    }

    /**
     * A sign-in that nginx has not counted is none: the limit must not depend on how the address is written.
     *
     * SUPPORT-1: the store takes a published address for its login. Here it is the login from then on: of two names
     * of one person, one would have no identities, and an apply would delete what it keeps.
     */
    public function authenticate($args)
    {
        $args['user'] = self::login($args['user']);
        if (empty($_SERVER['MAILWRIGHT_COUNTED'])) {
            $args['valid'] = false;
        }
        return $args;
    }

    /** REMOTE-2: the store's guard and its log are told who it is, before the password. */
    public function storage_connect($args)
    {
        if (PHP_SAPI != 'cli') {
            $args['preauth_ident'] = ['x-originating-ip' => rcube_utils::remote_addr()];
        }
        return $args;
    }

    public function user_create($args)
    {
        if ($person = self::person($args['user'])) {
            $args['user_name'] = $person['name'];
            $args['user_email'] = $person['addresses'][0];
            $args['email_list'] = [];
        }
        return $args;
    }

    public function login_after($args)
    {
        $rcmail = rcmail::get_instance();
        self::synchronise($rcmail->user, self::person($rcmail->get_user_name()));
        return $args;
    }

    public function refuse($args)
    {
        return ['abort' => true, 'result' => false] + $args;
    }

    /** Of an identity, the signature alone is one's own. */
    public function identity_update($args)
    {
        $args['record'] = array_intersect_key($args['record'], ['signature' => 1, 'html_signature' => 1]) + ['email' => ''];
        $identity = rcmail::get_instance()->user->get_identity($args['id']);
        if (!$identity) {
            return $this->refuse($args);
        }
        foreach (['name', 'email', 'organization', 'reply-to', 'bcc', 'standard'] as $field) {
            $args['record'][$field] = $identity[$field];
        }
        return $args;
    }

    /** ADDR-7: a form that was made by hand could name any From:. Submission would refuse it, too. */
    public function message_before_send($args)
    {
        $rcmail = rcmail::get_instance();
        $person = self::person($rcmail->get_user_name());
        $own = array_map('mb_strtolower', $person ? $person['addresses'] : []);
        $headers = $args['message']->headers();
        $said = rcube_mime::decode_address_list((string) ($headers['From'] ?? ''), null, true);
        $said[] = ['mailto' => $args['from']];
        if (isset($headers['Sender'])) {
            $said[] = ['mailto' => $headers['Sender']];
        }
        foreach ($said as $address) {
            if (!in_array(mb_strtolower((string) $address['mailto']), $own, true)) {
                return ['abort' => true, 'result' => false, 'error' => 'nofromaddress'] + $args;
            }
        }
        return $args;
    }

    /** Pictures from elsewhere are loaded for the one message whose reader asked for them. */
    public function message_load($args)
    {
        if (!empty($args['object']->is_safe)) {
            $this->policy(' https:');
        }
        return $args;
    }

    public function addressbooks_list($args)
    {
        if ($book = $this->book()) {
            $entry = ['id' => self::SOURCE, 'name' => $book->get_name(), 'readonly' => true, 'groups' => false];
            $args['sources'] = [self::SOURCE => $entry] + $args['sources'];
        }
        return $args;
    }

    public function addressbook_get($args)
    {
        if ($args['id'] === self::SOURCE && ($book = $this->book())) {
            $args['instance'] = $book;
        }
        return $args;
    }

    private function book()
    {
        if (!is_file(self::BOOK)) {
            return null;
        }
        require_once __DIR__ . '/mailwright_book.php';
        return new mailwright_book(self::BOOK);
    }

    private function policy($images)
    {
        if (PHP_SAPI != 'cli' && !headers_sent()) {
            header('Content-Security-Policy: ' . sprintf(self::POLICY, $images));
            header('X-Content-Type-Options: nosniff');
        }
    }

    private static function &people()
    {
        static $people = null;
        if ($people === null) {
            $people = is_file(self::PEOPLE) ? (array) json_decode((string) file_get_contents(self::PEOPLE), true) : [];
        }
        return $people;
    }

    /** The login that is meant by what somebody typed: it, or the one whose published address it is. */
    public static function login($typed)
    {
        $small = mb_strtolower((string) $typed);
        $people = self::people();
        if (strpos($small, '@') === false || isset($people[$small])) {
            return $typed;
        }
        foreach ($people as $login => $person) {
            if (mb_strtolower($person['addresses'][0]) === $small) {
                return (string) $login;
            }
        }
        return $typed;
    }

    /** Name, addresses and store of a login; null for one that is not known. */
    public static function person($login)
    {
        $people = &self::people();
        $login = mb_strtolower((string) $login);
        if (!isset($people[$login]) && ($found = self::in_directory($login))) {
            $people[$login] = $found;
        }
        return $people[$login] ?? null;
    }

    /** The same from the directory, where people are in there alone. */
    private static function in_directory($login)
    {
        $rcube = rcube::get_instance();
        $fields = $rcube->config->get('mailwright_directory');
        $source = $rcube->config->get('ldap_public')['directory'] ?? null;
        if (!$fields || !$source) {
            return null;
        }
        $source['fieldmap'] = ['name' => $fields['name'], 'email:published' => $fields['address']];
        if ($fields['aliases'] !== '') {
            $source['fieldmap']['email:alias'] = $fields['aliases'] . ':*';
        }
        $login_filter = '(' . $fields['login'] . '=' . rcube_ldap_generic::quote_string($login) . ')';
        $source['filter'] = '(&' . $source['filter'] . $login_filter . ')';
        $directory = new rcube_ldap($source, false, null);
        $record = $directory->ready ? $directory->list_records()->first() : null;
        $addresses = $record ? rcube_addressbook::get_col_values('email', $record) : [];
        $published = (array) ($addresses['published'] ?? []);
        if (!$published) {
            return null;
        }
        // as Active Directory has them
        $aliases = preg_replace('/^smtp:/i', '', (array) ($addresses['alias'] ?? []));
        return [
            'name' => (string) (is_array($record['name']) ? reset($record['name']) : $record['name']),
            'addresses' => array_values(array_unique(array_merge($published, $aliases))),
            'store' => '',
        ];
    }

    /** Make the identities those of the description: no more, no fewer, and the published one is the usual one. */
    public static function synchronise($user, $person)
    {
        if (!$person) {
            return 0;
        }
        $changed = 0;
        $have = [];
        $surplus = [];
        foreach ($user->list_identities() as $identity) {
            if (in_array($identity['email'], $person['addresses'], true) && !isset($have[$identity['email']])) {
                $have[$identity['email']] = $identity;
            }
            else {
                $surplus[] = $identity['identity_id'];
            }
        }
        foreach ($person['addresses'] as $number => $address) {
            $wanted = ['name' => $person['name'], 'email' => $address, 'standard' => $number == 0 ? 1 : 0];
            $wanted += ['organization' => '', 'reply-to' => '', 'bcc' => ''];
            if (!isset($have[$address])) {
                $user->insert_identity($wanted);
                $changed++;
                continue;
            }
            foreach ($wanted as $field => $value) {
                if ((string) $have[$address][$field] !== (string) $value) {
                    $user->update_identity($have[$address]['identity_id'], $wanted);
                    $changed++;
                    break;
                }
            }
        }
        foreach ($surplus as $id) {
            $user->delete_identity($id);
            $changed++;
        }
        return $changed;
    }
}
