<?php

/**
 * The site's people, to be looked up and not to be changed (INT-2).
 *
 * The file has a title and the people, sorted by name; ``key`` of each is what is searched: the words of the name,
 * the address and the department in small letters without accents.
 */
class mailwright_book extends rcube_addressbook
{
    public $primary_key = 'ID';
    public $readonly = true;
    public $groups = false;
    public $ready = true;
    public $coltypes = ['name' => ['limit' => 1], 'email' => ['limit' => 1], 'department' => ['limit' => 1]];

    private $title;
    private $people;
    private $filter = null;
    private $result = null;

    public function __construct($path)
    {
        $said = (array) json_decode((string) file_get_contents($path), true);
        $this->title = (string) ($said['title'] ?? '');
        $this->people = (array) ($said['people'] ?? []);
    }

    public function get_name()
    {
        return $this->title;
    }

    public function set_search_set($filter)
    {
        $this->filter = $filter;
    }

    public function get_search_set()
    {
        return $this->filter;
    }

    public function reset()
    {
        $this->result = null;
        $this->filter = null;
    }

    public function list_records($cols = null, $subset = 0, $nocount = false)
    {
        $found = $this->found();
        $first = ($this->list_page - 1) * $this->page_size;
        $this->result = new rcube_result_set(count($found), $first);
        foreach (array_slice($found, $first, $this->page_size) as $person) {
            $this->result->add($this->record($person));
        }
        return $this->result;
    }

    /** Which fields are named matters little: a person is found by name, address and department, all in one. */
    public function search($fields, $value, $mode = 0, $select = true, $nocount = false, $required = [])
    {
        if ($fields === $this->primary_key || $fields === [$this->primary_key]) {
            $this->filter = ['ids' => (array) $value];
        }
        else {
            $this->filter = ['words' => self::words(implode(' ', (array) $value))];
        }
        return $select ? $this->list_records() : $this->count();
    }

    public function count()
    {
        return new rcube_result_set(count($this->found()), ($this->list_page - 1) * $this->page_size);
    }

    public function get_result()
    {
        return $this->result;
    }

    public function get_record($id, $assoc = false)
    {
        $this->result = new rcube_result_set(0);
        foreach ($this->people as $person) {
            if ($person['id'] === (string) $id) {
                $record = $this->record($person);
                $this->result = new rcube_result_set(1);
                $this->result->add($record);
                return $assoc ? $record : $this->result;
            }
        }
        return $assoc ? null : $this->result;
    }

    /** Each word that was typed begins a word of the person. */
    private function found()
    {
        if ($this->filter === null) {
            return $this->people;
        }
        if (isset($this->filter['ids'])) {
            $ids = array_map('strval', $this->filter['ids']);
            return array_values(array_filter($this->people, fn ($one) => in_array($one['id'], $ids, true)));
        }
        $words = $this->filter['words'];
        return array_values(array_filter($this->people, function ($one) use ($words) {
            foreach ($words as $word) {
                if (strpos(' ' . $one['key'], ' ' . $word) === false) {
                    return false;
                }
            }
            return true;
        }));
    }

    private static function words($text)
    {
        $plain = Normalizer::normalize($text, Normalizer::FORM_KD);
        $plain = mb_strtolower((string) preg_replace('/\p{M}+/u', '', $plain === false ? '' : $plain));
        return preg_split('/\s+/u', $plain, -1, PREG_SPLIT_NO_EMPTY) ?: [];
    }

    private function record($person)
    {
        return [
            'ID' => $person['id'],
            'name' => $person['name'],
            'email' => $person['email'],
            'department' => $person['department'],
        ];
    }
}
